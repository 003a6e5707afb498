"""What tests of every package share: a Postgres to put databases into."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

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
