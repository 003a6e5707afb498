"""The command from end to end, as small as it goes. What is fast or slow is not asserted."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from balancer.core.algorithms import ALGORITHMS
from bench.balancing.cli import dealt, main
from bench.balancing.contenders import CONTENDERS
from tests.bench.balancing.rows import row
from tests.bench.balancing.test_report import RESULT
from tests.bench.test_commands import bench, result
from tests.loadtest.waiting import until

ROOT = Path(__file__).parent.parent.parent.parent


def test_every_algorithm_has_two_rows() -> None:
    """One that is added appears by itself, once alone and once guarded."""
    assert {name for name, one in CONTENDERS.items() if one.is_ours} == {
        f"{name}{guards}" for name in ALGORITHMS for guards in ("", " (guarded)")
    }


def test_contenders_are_dealt_like_cards() -> None:
    """Nobody is left out, no hand is too large, and theirs do not all sit together."""
    everyone = list(CONTENDERS.values())

    hands = dealt(everyone, 7)

    assert sorted(one.name for hand in hands for one in hand) == sorted(CONTENDERS)
    assert max(map(len, hands)) <= 7
    assert sum(any(not one.is_ours for one in hand) for hand in hands) > 1


@pytest.mark.live
@pytest.mark.measures
def test_each_condition_shows_at_the_odd_endpoint() -> None:
    """Ours alone, all conditions: what is behind one address, what fails at once, what is away."""
    told = result("balancing", "--quick", "--only", "round_robin", "--only", "source_hash")

    rows = {(one["condition"], one["contender"]): one for one in told["rows"]}
    assert len(rows) == 5 * 4
    assert all(one["logins"] > 100 and one["p99"] >= one["p50"] > 0 for one in rows.values())
    assert rows["even", "round_robin"]["share"] == pytest.approx(0.2, abs=0.03)
    assert rows["nat", "source_hash"]["share"] == 1
    assert rows["sinkhole", "round_robin"]["failing"] == pytest.approx(0.2, abs=0.1)
    assert rows["sinkhole", "round_robin (guarded)"]["failing"] < 0.1
    assert 0 < rows["cold", "round_robin"]["share"] < 0.2


@pytest.mark.live
@pytest.mark.measures
def test_stopped_it_leaves_nothing_running() -> None:
    """SIGTERM in the middle of a measurement: the balancers end with it, exit code 130."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.balancing", "--only", "p2c", "--seconds", "60"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        family = psutil.Process(running.pid)
        until(lambda: len(family.children()) == 2, "both rows' balancers run")
        started = family.children(recursive=True)
        running.terminate()
        running.communicate(timeout=20)

    assert running.returncode == 130
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []


def test_it_explains_itself_and_refuses_what_it_does_not_know() -> None:
    """With examples; a wrong name is answered with those there are."""
    helped, wrong = bench("balancing", "--help"), bench("balancing", "--condition", "rain")

    assert helped.returncode == 0
    assert "make bench-balancing" in helped.stdout
    assert wrong.returncode == 2
    assert "sinkhole" in wrong.stderr


def test_a_saved_run_is_shown_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On a page, with its picture; and what is no saved run is refused by its name."""
    saved, wrong, page = tmp_path / "saved.json", tmp_path / "wrong.json", tmp_path / "page.md"
    saved.write_text(json.dumps(RESULT | {"rows": [asdict(row("p2c"))]}))
    wrong.write_text('{"rows": [{}]}')
    page.write_text("<!-- balancing: begin -->\n<!-- balancing: end -->\n")
    picture = tmp_path / "pictures" / "shown.png"

    shown = main(["--from", str(saved), "--picture", str(picture), "--page", str(page)])
    refused = main(["--from", str(wrong)])

    assert (shown, refused) == (0, 2)
    assert "### slow: one endpoint is ten times slower" in page.read_text()
    assert "](pictures/shown.png)" in page.read_text()
    assert picture.exists()
    assert str(wrong) in capsys.readouterr().err
