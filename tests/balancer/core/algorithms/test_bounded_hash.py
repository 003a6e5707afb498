"""Consistent hashing with bounded loads."""

from math import ceil

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from balancer.core.algorithms.bounded_hash import BoundedHash
from balancer.core.algorithms.ring_hash import RingHash
from balancer.core.algorithms.settings import Settings
from tests.balancer.core.endpoints import build, endpoints


@examples(max_examples=30)
@given(
    weights=st.lists(st.integers(1, 9), min_size=1, max_size=8),
    keys=st.lists(st.integers(0, 3), max_size=200),
    bound=st.sampled_from([1.0, 1.25, 2.0]),
)
def test_nobody_carries_more_than_the_bound(
    weights: list[int], keys: list[int], bound: float
) -> None:
    """With a handful of hot keys, every pick leaves its endpoint within its part of the bound."""
    pool = endpoints(*weights)
    picker = build(BoundedHash, pool, settings=Settings(bound=bound))

    for number, key in enumerate(keys):
        picked = picker.pick(bytes([key]))
        picked.load.in_flight += 1
        room = bound * (number + 1) * picked.weight / sum(weights)
        assert picked.load.in_flight <= ceil(room + 1e-9)


def test_without_load_it_is_the_ring() -> None:
    """While nobody is full, keys stay where `ring_hash` puts them."""
    pool = endpoints(1, 2, 3)
    ring, bounded = build(RingHash, pool), build(BoundedHash, pool)
    keys = [str(i).encode() for i in range(500)]

    assert [bounded.pick(key) for key in keys] == [ring.pick(key) for key in keys]


def test_a_hot_key_spills_over_to_the_same_next_endpoint() -> None:
    """Not to one by chance: what spills finds a warm cache too."""
    pool = endpoints(1, 1, 1, 1, 1)
    picker = build(BoundedHash, pool)
    hot = picker.pick(b"hot")
    hot.load.in_flight = 10

    spilled = {picker.pick(b"hot") for _ in range(20)}

    assert len(spilled) == 1
    assert hot not in spilled
    assert build(BoundedHash, [one for one in pool if one is not hot]).pick(b"hot") in spilled
