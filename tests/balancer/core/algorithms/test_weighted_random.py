"""Random by weight."""

from collections import Counter

from balancer.core.algorithms.weighted_random import WeightedRandom
from tests.balancer.core.endpoints import build, endpoints


def test_it_is_blind_to_load() -> None:
    """An endpoint that carries a thousand is picked as often as one that is idle."""
    pool = endpoints(1, 1)
    pool[0].load.in_flight = 1000
    picker = build(WeightedRandom, pool)

    picked = Counter(picker.pick(b"").name for _ in range(1000))

    assert 400 < picked["a"] < 600
