"""Wait for a condition with a deadline; find ports that are free."""

import os
import time
from collections.abc import Callable

import psutil

from loadtest.ports import free_base, why_not_free

LOWEST, HIGHEST = 10_000, 19_000  # tests of the benchmarks and of the balancer use those above


def until(condition: Callable[[], bool], what: str, within: float = 30.0) -> None:
    """Return as soon as `condition` holds; fail, saying `what` was expected, after the deadline."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Whether no process with this id runs; one that only waits to be collected does not."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def unused_base(instances: int = 5) -> int:
    """A port base of which every port is free now.

    Each of pytest's workers has a lane of its own, since a stack binds its ports some time after
    it was given them; other runs on this machine begin elsewhere in the lane.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    lane = (HIGHEST - LOWEST) // workers
    start = LOWEST + worker * lane + os.getpid() * 100 % lane
    base = free_base(start, instances, own_postgres=True)
    assert base is not None
    return base


def unused_port() -> int:
    """One port that is free now."""
    return next(port for port in range(unused_base(), 65_536) if why_not_free(port) is None)
