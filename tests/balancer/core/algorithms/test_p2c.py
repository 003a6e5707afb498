"""The power of two choices."""

from collections import Counter

from balancer.core.algorithms.p2c import PowerOfTwo
from tests.balancer.core.endpoints import build, endpoints


def test_never_picks_the_most_loaded_of_all() -> None:
    """The most loaded endpoint loses against whichever other one is drawn with it."""
    pool = endpoints(1, 1, 1, 1)
    pool[2].load.in_flight = 9
    picker = build(PowerOfTwo, pool)

    picked = Counter(picker.pick(b"").name for _ in range(1000))

    assert picked["c"] == 0


def test_draws_two_different_endpoints() -> None:
    """Of two endpoints the less loaded one is picked every time, so the pair was always both."""
    pool = endpoints(3, 1)
    pool[0].load.in_flight = 30
    picker = build(PowerOfTwo, pool)

    assert {picker.pick(b"").name for _ in range(300)} == {"b"}


def test_load_is_taken_per_weight() -> None:
    """Six in flight on weight 4 is less than two on weight 1."""
    pool = endpoints(4, 1)
    pool[0].load.in_flight, pool[1].load.in_flight = 6, 2
    picker = build(PowerOfTwo, pool)

    assert {picker.pick(b"").name for _ in range(300)} == {"a"}


def test_balances_a_standing_load() -> None:
    """Attempts that never end pile up evenly: the gap is a handful, not the square root of all."""
    pool = endpoints(1, 1, 1, 1, 1)
    picker = build(PowerOfTwo, pool)

    for _ in range(5000):
        picker.pick(b"").load.in_flight += 1

    loads = [one.load.in_flight for one in pool]
    assert max(loads) - min(loads) <= 8
