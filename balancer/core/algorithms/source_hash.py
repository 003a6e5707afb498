"""Source hash: the same client address goes to the same endpoint, exactly as nginx's ip_hash."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random

from balancer.core.endpoint import Endpoint


class SourceHash:
    """Hashes the first three octets of an IPv4 address, or all of an IPv6 address.

    So a whole /24 shares an endpoint, and weights beyond a total of 6271 are never reached. Both
    are nginx's ways, kept because they are what outages are made of. Source: nginx
    `ngx_http_upstream_get_ip_hash_peer` in ngx_http_upstream_ip_hash_module.c.
    """

    def __init__(self, endpoints: Sequence[Endpoint], rng: Random) -> None:
        self._endpoints = endpoints
        self._bounds = list(accumulate(endpoint.weight for endpoint in endpoints))

    def pick(self, key: bytes) -> Endpoint:
        """The endpoint that owns the address `key` (4 or 16 octets)."""
        value = 89
        for octet in key[:3] if len(key) == 4 else key:
            value = (value * 113 + octet) % 6271
        return self._endpoints[bisect_right(self._bounds, value % self._bounds[-1])]
