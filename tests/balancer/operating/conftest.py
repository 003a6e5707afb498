"""A real balancer for the operator's verbs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.balancer.test_app import Running


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A running balancer before two endpoints."""
    one = Running(tmp_path)
    await one.start()
    yield one
    await one.stop()
