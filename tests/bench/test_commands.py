"""Each benchmark from end to end, as small as it goes. What is fast or slow is not asserted."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench import peers
from tests.loadtest.waiting import until

ROOT = Path(__file__).parent.parent.parent
TWO_CORES = hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) > 1
VENV = Path(os.environ.get("EVENHAND_BENCH_VENV", peers.DEFAULT_VENV))
"""Where the other proxies are, if they are installed."""

needs_two_cores = pytest.mark.skipif(not TWO_CORES, reason="a benchmark needs Linux and two cores")
needs_load = pytest.mark.skipif(
    peers.debian("wrk") is None and "k6" not in peers.find(VENV),
    reason="neither wrk (Debian) nor k6 (make bench-proxy) is installed",
)


def bench(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a benchmark's command."""
    return subprocess.run(
        [sys.executable, "-m", f"bench.{name}", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


def result(name: str, *arguments: str) -> dict[str, Any]:
    """What a benchmark measured."""
    done = bench(name, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.live
@pytest.mark.measures
@needs_two_cores
@needs_load
def test_the_comparison_measures_every_figure() -> None:
    """Ours, under another Python too, one peer if it is here, and no proxy at all."""
    told = result(
        "proxy", "--rounds", "1", "--latency-rounds", "1", "--seconds", "1", "--rate", "50",
        "--connections", "4", "--python", sys.executable, "--peers", str(VENV),
        "--only", "evenhand", "--only", "nginx", "--only", "direct",
    )  # fmt: skip

    samples = {one["name"]: one for one in told["samples"]}
    assert {"evenhand", "direct"} <= set(samples)
    assert all(one["requests"] > 0 and one["errors"] == 0 for one in samples.values())
    assert samples["evenhand"]["user"] > 0
    assert samples["direct"]["user"] == 0
    assert [name for name in samples if name.startswith("evenhand (Python 3.")] != []
    if "k6" in peers.find(VENV):
        timed = [one for one in told["latencies"] if one["name"] == "evenhand"]
        assert [one["rate"] for one in timed] == sorted({50, told["rates"]["own"]["evenhand"]})
        assert all(one["latency"]["p99"] >= one["latency"]["p50"] > 0 for one in timed)


@pytest.mark.live
@pytest.mark.measures
@needs_two_cores
def test_memory_is_measured_and_does_not_follow_the_answer() -> None:
    """Ours alone: 50 connections and 5 readers. Ten times the answer, and nowhere near its size."""
    told = result(
        "memory", "--connections", "50", "--readers", "5", "--seconds", "1", "--only", "evenhand"
    )

    (idle,) = told["idle"]
    assert idle["after"] >= idle["before"] > 0
    assert [one["answer"] for one in told["slow"]] == [5_000_000, 50_000_000]
    assert all(0 < one["peak"] - one["before"] < 5_000_000 * 5 for one in told["slow"])


def test_the_profile_names_functions_of_the_data_path() -> None:
    """Its logins really go through: it refuses to report if one is not answered."""
    told = result("profile", "--exchanges", "300", "--top", "5")

    assert told["microseconds"] > told["parser"] > 0
    assert len(told["functions"]) == 5
    assert sum(one["microseconds"] for one in told["files"]) == pytest.approx(
        told["microseconds"], rel=0.2
    )
    assert any("balancer/net/" in one["function"] for one in told["functions"])


def test_each_guard_has_a_row_beside_none_and_all() -> None:
    """So that a guard which is added is measured too."""
    told = result("guards", "--exchanges", "400")

    assert set(told["microseconds"]) > {"none", "ejection", "panic", "retry", "all"}
    assert all(micros > 0 for micros in told["microseconds"].values())


@pytest.mark.live
@pytest.mark.measures
@needs_two_cores
@needs_load
def test_a_benchmark_that_is_stopped_leaves_nothing_running() -> None:
    """SIGTERM in the middle of a measurement: its children end with it."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.proxy", "--only", "evenhand", "--seconds", "30"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        family = psutil.Process(running.pid)
        until(lambda: len(family.children(recursive=True)) > 2, "endpoints, balancer and load run")
        started = family.children(recursive=True)
        running.terminate()
        running.communicate(timeout=20)

    assert running.returncode == 130
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []


@pytest.mark.parametrize("name", ["proxy", "memory", "profile", "guards"])
def test_a_command_explains_itself(name: str) -> None:
    """With examples, and a wrong number is answered with what would be right."""
    helped, wrong = bench(name, "--help"), bench(name, "--nonsense")

    assert helped.returncode == 0
    assert f"python -m bench.{name}" in helped.stdout
    assert wrong.returncode == 2


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many"])
def test_a_number_that_is_none_is_answered_with_what_would_be_right(number: str) -> None:
    """Before anything is started."""
    wrong = bench("memory", "--readers", number)

    assert wrong.returncode == 2
    assert f"'{number}' is not a whole number from 1 on" in wrong.stderr


@pytest.mark.live
@pytest.mark.measures
@needs_two_cores
def test_the_timing_experiment_asks_for_every_reason() -> None:
    """Each is refused like a wrong password; whether time tells them apart takes more samples."""
    done = bench("auth_timing", "--samples", "12", "--json")
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    assert set(told["statuses"]) <= {"401", "503"}
    assert len({one["refusal"] for one in told["rows"]}) == 13
    assert all(one["median_ms"] > 0 for one in told["rows"])
