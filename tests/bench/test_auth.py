"""The auth service's benchmark: what its figures say, and the page that they go into."""

import pytest

from bench.auth.capacity import Bare, Flood, Round, arrivals
from bench.auth.report import block
from bench.balancing.load import Load


def test_a_share_is_of_the_bcrypt_on_both_sides() -> None:
    """And bcrypt's part of the CPU time needs no quiet machine."""
    seen = Round(Bare(32.0, 0.062), logins=30.4, errors=0, cpu_login=0.064)
    assert seen.share == pytest.approx(0.95)
    assert seen.cpu_share == pytest.approx(0.062 / 0.064)


def test_goodput_is_of_capacity_and_not_of_what_was_offered() -> None:
    """Three times too much comes in; all that can be done is 100 %."""
    seen = Flood("bounded", 96.0, in_time=31.0, refused=65.0, unanswered=0.0, capacity=32.0)
    assert seen.share == pytest.approx(31 / 32)


def test_arrivals_come_at_the_rate_that_was_asked_for_and_repeat() -> None:
    """Over settling and measuring; the same for the same seed."""
    load = Load(rate=96.0, seconds=58.0, settle=2.0)
    due = arrivals(load)
    assert len(due) == pytest.approx(96 * 60, rel=0.05)
    assert due == arrivals(load)
    assert due[-1].due < 60


def test_the_block_shows_what_was_measured_and_nothing_else() -> None:
    """Ratios are taken round by round; parts that were left out are not mentioned."""
    reads = [
        {"name": name, "round": number, "per_second": rate, "cpu_micros": 300.0, "p99": 5.0}
        for name, rates in {"evenhand": (900.0, 600.0), "FastAPI, tuned": (300.0, 100.0)}.items()
        for number, rate in enumerate(rates)
    ]
    where = {"processor": "P", "cores": "2", "memory": "8 GiB", "kernel": "Linux", "python": "3.11"}
    result = (
        {"at": "now", "load": 0.3, "reads": reads, "settings": {"rounds": 2, "seconds": 6},
         "machine": where, "versions": {"bcrypt": "5"}}
    )  # fmt: skip
    told = block(result)
    assert "4.5 (3.0–6.0)" in told
    assert "bcrypt alone" not in told
    assert "2 rounds of 6 s" in told
    assert "quiet machine" not in told
    assert "quiet machine" in block({**result, "load": 3.0})
