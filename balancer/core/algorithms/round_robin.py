"""Smooth weighted round robin, in exactly nginx's order."""

from collections.abc import Callable, Sequence
from itertools import cycle
from math import gcd
from random import Random

from balancer.core.algorithms.settings import Settings
from balancer.core.algorithms.shares import ByWeight
from balancer.core.endpoint import Endpoint

LONGEST = 65_536
"""Picks of a cycle that is remembered: half a megabyte."""


class RoundRobin(ByWeight):
    """Every endpoint gets its weight's share of each cycle, spread as evenly as can be.

    Each pick raises every endpoint's current by its weight, takes the highest (the first of equals)
    and lowers that one by the total: weights 5, 1, 1 give a a b a c a a, where plain weighted
    round robin would send five in a row to a. Source: nginx
    `ngx_http_upstream_get_peer` in ngx_http_upstream_round_robin.c.

    After as many picks as the total (in lowest terms) it begins anew, so the first cycle is worked
    out, in O(n), and remembered: 0.1 µs from then on, for any number of endpoints.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        rng: Random,
        clock: Callable[[], float],
        settings: Settings,
    ) -> None:
        self._endpoints = endpoints
        divisor = gcd(*(endpoint.weight for endpoint in endpoints))
        self._weights = [endpoint.weight // divisor for endpoint in endpoints]
        self._total = sum(self._weights)
        self._current = [0] * len(endpoints)
        self._past: list[Endpoint] = []
        self._replay: Callable[[], Endpoint] | None = None
        if self._total == len(endpoints):  # equal weights: they take turns
            self._replay = cycle(endpoints).__next__

    def pick(self, key: bytes) -> Endpoint:
        """The next in order; the key does not matter."""
        if self._replay is not None:
            return self._replay()
        current = self._current = [
            now + weight for now, weight in zip(self._current, self._weights, strict=True)
        ]
        best = current.index(max(current))
        current[best] -= self._total
        picked = self._endpoints[best]
        if self._total <= LONGEST:
            self._past.append(picked)
            if len(self._past) == self._total:
                self._replay = cycle(self._past).__next__
        return picked
