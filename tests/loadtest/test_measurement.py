"""From exchanges to numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.exchange import DROPPED, OK, TIMEOUT, Exchange
from loadtest.measurement import percentile, phase_result, shares
from tests.loadtest.runs import EVEN, HOT, exchanges, phase, window


def test_the_settling_time_is_left_out_except_where_it_says_whole() -> None:
    """Ten seconds that all succeed, then ten that all fail, 5 s of settling: 2/3 and 1/2."""
    began = 100.0
    made = [
        Exchange("outage", n, began + n, began + n, began + n + 1, OK if n < 10 else TIMEOUT)
        for n in range(20)
    ]
    result = phase_result(window("outage", began, HOT), made)
    assert result.failing_share == pytest.approx(10 / 15)
    assert result.failing_share_whole == 0.5
    assert result.judged == 15


def test_answers_and_silence_add_up_to_one() -> None:
    """Answer shares are of all judged logins, so that with the unanswered they make 1."""
    result = phase("outage", 1, HOT, 80)
    assert result.unanswered_share == pytest.approx(0.8)
    assert sum(result.answer_shares.values()) + result.unanswered_share == pytest.approx(1.0)


def test_refusals_are_answers_that_fail() -> None:
    """A 503 fails the login but is an answer of a named instance."""
    made = [
        Exchange("verify", n, 10.0 + n, 10.0 + n, 10.1 + n, "http_503", 503, "auth-2")
        for n in range(8)
    ]
    result = phase_result(window("verify", 0.0, EVEN), made)
    assert (result.failing_share, result.unanswered_share) == (1.0, 0.0)
    assert result.answer_shares == {"auth-2": 1.0}
    assert result.outcomes == {"http_503": 8}


def test_dropped_logins_are_counted_and_judge_nothing() -> None:
    """They never existed for the system, so they are not achieved and not failing."""
    made = exchanges("verify", 0.0, failing=0)
    made[300:] = [Exchange("verify", e.n, e.due, None, e.due, DROPPED) for e in made[300:]]
    result = phase_result(window("verify", 0.0, EVEN), made)
    assert (result.achieved, result.dropped, result.failing_share) == (300, 100, 0.0)


def test_a_phase_without_exchanges_has_no_numbers_and_no_crash() -> None:
    """Nothing measured is NaN, which no threshold takes for good."""
    result = phase_result(window("verify", 0.0, EVEN), [])
    assert result.judged == 0
    assert math.isnan(result.latency["p99"])
    assert math.isnan(result.lag_p99)


def test_shares_of_nothing_are_zero() -> None:
    """All instances are named even when none got anything."""
    assert shares({"auth-1": 0, "auth-2": 0}) == {"auth-1": 0.0, "auth-2": 0.0}
    assert shares({"auth-1": 3, "auth-2": 1}) == {"auth-1": 0.75, "auth-2": 0.25}


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0.01, 1.0))
def test_a_percentile_is_a_value_that_occurred(values: list[float], share: float) -> None:
    """Nearest rank: at least that share of the values is not above it."""
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_known_percentiles() -> None:
    """Of 1 to 100, the p95 is 95."""
    values = [float(n) for n in range(100, 0, -1)]
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99)] == [50.0, 95.0, 99.0]
