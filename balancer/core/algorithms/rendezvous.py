"""Rendezvous: every endpoint bids for the key, the highest bid wins."""

from collections.abc import Callable, Sequence
from math import log
from random import Random

from xxhash import xxh64_intdigest

from balancer.core.algorithms.settings import Settings
from balancer.core.algorithms.shares import ByWeight
from balancer.core.endpoint import Endpoint

BITS = 52
"""Of a hash that become a number between 0 and 1, both left out: a half more still fits a float."""


class Rendezvous(ByWeight):
    """Consistent hashing with exactly the weights' shares and no table, at the price of O(n).

    A bid is -weight / ln(u), with u from the hash of the key under the endpoint's own seed; losing
    an endpoint moves its keys only, and to all others by weight. Source: Thaler and Ravishankar,
    "A Name-Based Mapping Scheme for Rendezvous", 1996; weights: Schindelhauer and Schomaker, 2005.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        rng: Random,
        clock: Callable[[], float],
        settings: Settings,
    ) -> None:
        self._endpoints = endpoints
        self._seeds = [xxh64_intdigest(endpoint.address.encode()) for endpoint in endpoints]
        self._weights = [endpoint.weight for endpoint in endpoints]
        self._equal = len(set(self._weights)) == 1

    def pick(self, key: bytes) -> Endpoint:
        """The endpoint with the highest bid for the key."""
        hashes = [xxh64_intdigest(key, seed) for seed in self._seeds]
        if self._equal:  # the highest hash has the highest bid
            return self._endpoints[hashes.index(max(hashes))]
        bids = [
            log(((value >> (64 - BITS)) + 0.5) / (1 << BITS)) / weight
            for value, weight in zip(hashes, self._weights, strict=True)
        ]
        return self._endpoints[bids.index(max(bids))]
