"""Two different endpoints, drawn by weight: the dice of `p2c` and `peak_ewma`."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random

from balancer.core.endpoint import Endpoint


class Pair:
    """Draws in O(log n)."""

    def __init__(self, endpoints: Sequence[Endpoint], rng: Random) -> None:
        self._endpoints = endpoints
        self._random = rng.random
        self._bounds = list(accumulate(endpoint.weight for endpoint in endpoints))

    def draw(self) -> tuple[Endpoint, Endpoint]:
        """Two endpoints that differ, unless there is only one."""
        endpoints, bounds = self._endpoints, self._bounds
        total = bounds[-1]
        first = bisect_right(bounds, self._random() * total)
        one = endpoints[first]
        if len(endpoints) == 1:
            return one, one
        # Draw from the total without the first one's stretch, and step over that stretch. In whole
        # numbers: the sum of two floats could round up to the total, where nobody is.
        point = int(self._random() * (total - one.weight))
        if point >= bounds[first] - one.weight:
            point += one.weight
        return one, endpoints[bisect_right(bounds, point)]
