"""Calibration: what is chosen from given rates, and that the command measures and tells."""

import json

import pytest

from authsvc.calibration import Rates, choose, serve_line
from authsvc.cli import main
from authsvc.verbs.calibrate import advice, table


def rates(cost: int, together: float) -> Rates:
    """Of two threads."""
    return Rates(cost, 2, together / 1.96, together)


TABLE_2_3 = [rates(8, 127.0), rates(10, 31.5), rates(11, 16.0), rates(12, 8.0)]


def test_the_dearest_hash_that_nobody_notices_is_chosen() -> None:
    """Cost 11 takes 0.125 s; cost 12 takes 0.25 s, which is not less."""
    chosen = choose(TABLE_2_3)
    assert chosen is not None
    assert chosen.cost == 11
    assert "dearest" in advice(chosen, 2.0)


def test_a_slow_machine_is_no_reason_for_cheap_hashes() -> None:
    """It is told the least that production allows, and how long that takes."""
    chosen = choose([rates(8, 10.0), rates(10, 2.5), rates(12, 0.6)])
    assert chosen is not None
    assert chosen.cost == 10
    assert "0.80 s here" in advice(chosen, 2.0)
    assert choose([rates(4, 2000.0)]) is None
    assert "10 or more" in advice(None, 2.0)


def test_the_line_to_copy_and_the_row_agree() -> None:
    """The queue by the service's own formula: 31.5/s × (2 s - 0.0635 s) / 2."""
    assert rates(10, 31.5).queue(2.0) == 30
    assert serve_line(rates(10, 31.5), 2.0).endswith(
        "--profile production --bcrypt-cost 10 --hash-slots 2 --hash-queue 30 --deadline 2"
    )
    row = table([rates(10, 31.5)], 2.0).splitlines()[1].split()
    assert row == ["10", "0.063", "16.1", "31.5", "28.4", "30"]


def test_it_measures_tells_and_shows_progress(capsys: pytest.CaptureFixture[str]) -> None:
    """A real run, of cheap hashes."""
    assert main(["calibrate", "--cost", "4", "5", "--cores", "1", "--rounds", "1", "--json"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    cheap, dearer = found["costs"]
    assert cheap["hashes_per_second"] > dearer["hashes_per_second"] > 0
    assert found["choose"] is None
    assert "0 to go" in told.err


def test_what_cannot_be_measured_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Each complaint on a line, exit code 2."""
    assert main(["calibrate", "--cost", "31", "--cores", "0", "--deadline", "0"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3
