"""What tests of every package share: a Postgres to put databases into, and the workers."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling, Scheduling

from tests.authsvc.cluster import cluster

settings.register_profile("evenhand", deadline=None)  # a busy machine is no failure
settings.load_profile("evenhand")


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A server that databases can be made on: DATABASE_URL, or one of this session's own."""
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    with cluster() as own:
        yield own.url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first where workers share the tests, so that they end together."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(
            key=lambda item: [not item.get_closest_marker(it) for it in ("measures", "live")]
        )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Whole files go to a worker, and all that measure to the same one."""
    return MeasuresTogether(config, log)


class MeasuresTogether(LoadFileScheduling):  # type: ignore[misc] # xdist ships no types
    """A file's tests share its fixtures; tests that measure under a load would share its capacity.

    The marks of pytest-xdist itself do nothing under pytest 9.2, in which the names of tests can
    no longer be changed.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _group(self.config.rootpath / super()._split_scope(nodeid))


@functools.cache
def _group(file: Path) -> str:
    return "measures" if "pytest.mark.measures" in file.read_text() else str(file)
