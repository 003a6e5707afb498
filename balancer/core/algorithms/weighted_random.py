"""Random: each endpoint by chance, as likely as its weight says."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random

from balancer.core.algorithms.settings import Settings
from balancer.core.algorithms.shares import ByWeight
from balancer.core.endpoint import Endpoint


class WeightedRandom(ByWeight):
    """Remembers nothing, so many balancers need no common state and never march in step.

    The price is chance itself: for a while one endpoint gets more than its share.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        rng: Random,
        clock: Callable[[], float],
        settings: Settings,
    ) -> None:
        self._endpoints = endpoints
        self._random = rng.random
        self._bounds = list(accumulate(endpoint.weight for endpoint in endpoints))

    def pick(self, key: bytes) -> Endpoint:
        """One by chance; no key."""
        bounds = self._bounds
        return self._endpoints[bisect_right(bounds, self._random() * bounds[-1])]
