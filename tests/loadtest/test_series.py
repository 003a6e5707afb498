"""The curves of the report."""

import math

import pytest

from loadtest import series
from loadtest.exchange import DROPPED, OK, TIMEOUT, Exchange
from loadtest.timeline import Sample, recent_shares, recent_success


def login(due: float, outcome: str = OK, phase: str = "verify", took: float = 0.1) -> Exchange:
    return Exchange(phase, 0, due, due, due + took, outcome)


def test_success_counts_logins_by_the_second_in_which_they_were_due() -> None:
    """Half of the first second's fail; dropped ones count for nothing; an empty second has none."""
    made = [login(10.1), login(10.2, TIMEOUT), login(10.3, DROPPED), login(12.9)]
    curve = series.success(made, zero=10.0)
    assert list(zip(curve.times, curve.values, strict=True)) == [(0.5, 0.5), (2.5, 1.0)]


def test_a_latency_window_does_not_reach_into_the_next_phase() -> None:
    """The second before a fault does not look slow because of it."""
    made = [login(9.0, phase="baseline"), login(10.5, TIMEOUT, "outage", took=2.0)]
    curves = series.latencies(made, 0.0, [("baseline", 8.0, 10.0), ("outage", 10.0, 12.0)])
    values = dict(zip(curves["p99"].times, curves["p99"].values, strict=True))
    assert values[9.5] == pytest.approx(0.1)
    assert values[10.5] == pytest.approx(2.0)


def samples() -> list[Sample]:
    counts = [(0, 0), (30, 10), (30, 10)]
    return [
        Sample(100.0 + i, {"auth-1": a, "auth-2": b}, {"auth-1": i, "auth-2": 0}, [])
        for i, (a, b) in enumerate(counts)
    ]


def test_shares_are_of_what_came_between_two_samples() -> None:
    """A second without attempts has no shares."""
    curves = series.shares(samples(), zero=100.0)
    assert curves["auth-1"].times == [1.0, 2.0]
    assert curves["auth-1"].values[0] == 0.75
    assert math.isnan(curves["auth-1"].values[1])
    assert series.queues(samples(), 100.0)["auth-1"].values == [0, 1, 2]
    assert series.shares([], 0.0) == series.queues([], 0.0) == {}


@pytest.mark.parametrize(
    ("failing", "recovered"),
    [([], 100.0), ([101.0, 104.0], 104.0), ([95.0], 100.0), ([101.0, 109.0], None)],
)
def test_recovery_is_when_the_last_failing_login_was_due(
    failing: list[float], recovered: float | None
) -> None:
    """Failures before the cure do not count; failures up to the end mean that there is none."""
    made = [login(100.0 + second) for second in range(11)] + [login(t, TIMEOUT) for t in failing]
    assert series.recovered_at(made, after=100.0) == recovered


def test_what_the_live_display_shows() -> None:
    """Shares since the last sample; success of what finished lately, None when nothing did."""
    assert recent_shares(samples()[:2]) == {"auth-1": 0.75, "auth-2": 0.25}
    assert recent_shares(samples()) == {"auth-1": 0.0, "auth-2": 0.0}
    assert recent_shares([]) == {}
    made = [login(1.0, TIMEOUT), login(9.0), login(9.5, TIMEOUT)]
    assert recent_success(made, now=10.0) == 0.5
    assert recent_success(made, now=30.0) is None
