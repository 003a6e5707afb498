"""The retry budget: a share of the requests, a floor, and never a storm."""

from hypothesis import given
from hypothesis import strategies as st

from balancer.core.retry_budget import WINDOW, RetryBudget


def test_a_quiet_pool_may_retry_at_its_floor() -> None:
    """Three a second for ten seconds are there from the start; then they are used up."""
    budget = RetryBudget(share=0.2, floor=3, now=0.0)

    granted = sum(budget.take(requests=0, now=0.0) for _ in range(100))

    assert granted == 3 * WINDOW - 1 or granted == 3 * WINDOW
    assert budget.refused == 100 - granted


def test_requests_earn_their_share() -> None:
    """With no floor, ten requests earn two retries."""
    budget = RetryBudget(share=0.2, floor=0, now=0.0)

    before = budget.take(requests=0, now=0.0)
    granted = sum(budget.take(requests=10, now=0.001) for _ in range(9))

    assert (before, granted) == (False, 1)


def test_what_was_earned_fades() -> None:
    """A busy hour long ago is no licence for a storm now."""
    budget = RetryBudget(share=1, floor=0, now=0.0)

    budget.take(requests=1000, now=0.1)
    granted = sum(budget.take(requests=1000, now=20 * WINDOW) for _ in range(9))

    assert granted == 0


@given(
    st.lists(st.tuples(st.floats(0.01, 2), st.integers(0, 200), st.integers(0, 200)), max_size=60)
)
def test_retries_never_exceed_share_and_floor(steps: list[tuple[float, int, int]]) -> None:
    """Whatever the traffic: in all, no more than the share of it, the floor, and the first fill."""
    share, floor, now, requests, granted = 0.2, 3.0, 0.0, 0, 0
    budget = RetryBudget(share, floor, now)

    for elapsed, came, wanted in steps:
        now, requests = now + elapsed, requests + came
        granted += sum(budget.take(requests, now) for _ in range(wanted))

    assert granted <= share * requests + floor * now + floor * WINDOW + 1
