"""The power of two choices: draw two endpoints, take the less loaded."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random

from balancer.core.endpoint import Endpoint


class PowerOfTwo:
    """Draws two different endpoints by weight and takes the one with fewer in flight per weight.

    Nearly as even as looking at all, without the herd that many balancers with the same stale view
    send to one endpoint (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing",
    2001). The second draw is from the others, so that a pair is never one endpoint twice.
    """

    def __init__(self, endpoints: Sequence[Endpoint], rng: Random) -> None:
        self._endpoints = endpoints
        self._random = rng.random
        self._bounds = list(accumulate(endpoint.weight for endpoint in endpoints))

    def pick(self, key: bytes) -> Endpoint:
        """The less loaded of two drawn endpoints, the first drawn if they are equal; no key."""
        endpoints, bounds = self._endpoints, self._bounds
        total = bounds[-1]
        first = bisect_right(bounds, self._random() * total)
        one = endpoints[first]
        if len(endpoints) == 1:
            return one
        # Draw from the total without the first one's stretch, and step over that stretch.
        point = self._random() * (total - one.weight)
        if point >= bounds[first] - one.weight:
            point += one.weight
        other = endpoints[bisect_right(bounds, point)]
        lighter = other.load.in_flight * one.weight < one.load.in_flight * other.weight
        return other if lighter else one
