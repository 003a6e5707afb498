"""Source hash: the same client address goes to the same endpoint, exactly as nginx's ip_hash."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from random import Random

from balancer.core.algorithms.settings import Settings
from balancer.core.endpoint import Endpoint

RANGE = 6271
"""How many values the hash has: nginx's."""


class SourceHash:
    """Hashes the first three octets of an IPv4 address, or all of an IPv6 address.

    So a whole /24 shares an endpoint, and weights beyond a total of 6271 are never reached. Both
    are nginx's ways, kept because they are what outages are made of. Source: nginx
    `ngx_http_upstream_get_ip_hash_peer` in ngx_http_upstream_ip_hash_module.c.

    What nginx does about a server that it found to be down, up to 20 hashes more, has no place
    here: the endpoints given are all ready. When that set changes, most clients move.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        rng: Random,
        clock: Callable[[], float],
        settings: Settings,
    ) -> None:
        self._endpoints = endpoints
        self._bounds = list(accumulate(endpoint.weight for endpoint in endpoints))

    def pick(self, key: bytes) -> Endpoint:
        """The endpoint that owns the address `key` (4 or 16 octets)."""
        value = 89
        for octet in key[:3] if len(key) == 4 else key:
            value = (value * 113 + octet) % RANGE
        return self._endpoints[bisect_right(self._bounds, value % self._bounds[-1])]

    @staticmethod
    def shares(endpoints: Sequence[Endpoint]) -> list[float]:
        """Of the hash's values, those that lead to each: what many networks, all alike, would get.

        Whole rounds of the weights go by weight; the begun one goes to the first endpoints.
        """
        bounds = [0, *accumulate(endpoint.weight for endpoint in endpoints)]
        rounds, rest = divmod(RANGE, bounds[-1])
        return [
            (rounds * (end - begin) + max(0, min(end, rest) - begin)) / RANGE
            for begin, end in pairwise(bounds)
        ]
