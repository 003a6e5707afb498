"""How many cores an instance was given."""

import math
import os
import sys
import threading
from pathlib import Path

import pytest

from authsvc import cores


@pytest.mark.parametrize(
    ("allowed", "quota", "usable"),
    [(8, math.inf, 8), (8, 1.0, 1), (8, 2.5, 2), (8, 0.5, 1), (2, 4.0, 2)],
)
def test_both_affinity_and_quota_count(allowed: int, quota: float, usable: int) -> None:
    """Whole cores, and never none."""
    assert cores.usable(allowed, quota) == usable


def test_the_quota_of_version_2(tmp_path: Path) -> None:
    """`docker run --cpus 1.5`, and no limit."""
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert cores.quota(tmp_path) == 1.5
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert cores.quota(tmp_path) == math.inf


@pytest.mark.parametrize(("quota", "cores_worth"), [("50000", 0.5), ("-1", math.inf)])
def test_the_quota_of_version_1(tmp_path: Path, quota: str, cores_worth: float) -> None:
    """Two files, and -1 for no limit."""
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota + "\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert cores.quota(tmp_path) == cores_worth


def test_no_control_group_is_no_limit(tmp_path: Path) -> None:
    """As on a system that has none."""
    assert cores.quota(tmp_path) == math.inf
    assert cores.given() >= 1


@pytest.mark.skipif(sys.platform != "linux", reason="niceness of a thread is Linux's")
def test_only_the_thread_that_steps_back_is_nice() -> None:
    """The loop's thread keeps its priority."""
    before, found = os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), []

    def hash_thread() -> None:
        cores.step_back()
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=hash_thread)
    thread.start()
    thread.join()
    assert found == [cores.NICENESS]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before
