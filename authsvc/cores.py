"""How many cores this process was given, and how its hash threads make room for the loop."""

import contextlib
import math
import os
import sys
import threading
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
NICENESS = 10  # of hash threads: measured, it halves the loop's worst lag and costs no throughput


def given() -> int:
    """Cores to have hash threads for: a container's cpuset and its quota both count."""
    affinity = getattr(os, "sched_getaffinity", None)
    allowed = len(affinity(0)) if affinity else os.cpu_count() or 1
    return usable(allowed, quota(CGROUP))


def usable(allowed: int, quota: float) -> int:
    """Whole cores that can be kept busy.

    Half a core more is no thread more: the kernel stops *all* threads of a group that has used its
    quota up, the event loop's among them.
    """
    return max(1, math.floor(min(allowed, quota)))


def quota(root: Path) -> float:
    """Cores' worth of time that the control group allows, infinite if it does not limit.

    `docker run --cpus 1` sets this and leaves the affinity alone. Inside a container the group is
    mounted as the root: `cpu.max` for version 2, two files under `cpu` for version 1.
    """
    read = _words(root / "cpu.max") or (
        _words(root / "cpu" / "cpu.cfs_quota_us") + _words(root / "cpu" / "cpu.cfs_period_us")
    )
    try:
        spent, period = (float(word) for word in read)
    except ValueError:  # "max", or nothing there
        return math.inf
    return spent / period if spent > 0 and period > 0 else math.inf


def step_back() -> None:
    """Let the calling thread yield to others. Linux only: elsewhere niceness is the process's."""
    if sys.platform == "linux":
        with contextlib.suppress(PermissionError):  # a sandbox may forbid even that
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
