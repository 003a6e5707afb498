"""Least requests: fewest in flight for the weight."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from balancer.core.algorithms.least_requests import LeastRequests
from tests.balancer.core.endpoints import build, endpoints


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), min_size=1, max_size=9))
def test_none_is_less_loaded(state: list[tuple[int, int]]) -> None:
    """No endpoint has a lower (in flight + 1) / weight than the one picked."""
    pool = endpoints(*(weight for _, weight in state))
    for endpoint, (in_flight, _) in zip(pool, state, strict=True):
        endpoint.load.in_flight = in_flight

    picked = build(LeastRequests, pool).pick(b"")

    best = min((in_flight + 1) / weight for in_flight, weight in state)
    assert (picked.load.in_flight + 1) / picked.weight == best


def test_ties_fall_to_chance() -> None:
    """In a quiet pool all get traffic, not just the first."""
    picker = build(LeastRequests, endpoints(1, 1, 1, 1))

    picked = Counter(picker.pick(b"").name for _ in range(400))

    assert min(picked.values()) > 60


def test_under_load_shares_follow_the_weights() -> None:
    """With attempts that never end, in-flight counts settle in the proportion of the weights."""
    pool = endpoints(1, 2, 5)
    picker = build(LeastRequests, pool)

    for _ in range(800):
        picker.pick(b"").load.in_flight += 1

    assert [one.load.in_flight for one in pool] == [100, 200, 500]
