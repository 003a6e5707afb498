"""Least requests: the endpoint with the fewest attempts in flight for its weight."""

from collections.abc import Callable, Sequence
from random import Random

from balancer.core.algorithms.settings import Settings
from balancer.core.algorithms.shares import ByWeight
from balancer.core.endpoint import Endpoint


class LeastRequests(ByWeight):
    """Looks at every endpoint and takes the least loaded, where load is (in flight + 1) / weight.

    The +1 counts the attempt about to be made, so that an idle endpoint of weight 4 comes before an
    idle one of weight 1 (HAProxy's leastconn and Envoy's least_request do the same). Ties fall to
    chance: with `min()` the first endpoint would get all of a quiet pool's traffic.
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

    def pick(self, key: bytes) -> Endpoint:
        """The least loaded endpoint, one of them by chance if several are; no key."""
        scores = [(endpoint.load.in_flight + 1) / endpoint.weight for endpoint in self._endpoints]
        least = min(scores)
        if scores.count(least) == 1:
            return self._endpoints[scores.index(least)]
        tied = [i for i, score in enumerate(scores) if score == least]
        return self._endpoints[tied[int(self._random() * len(tied))]]
