"""Rendezvous: every endpoint bids for the key, the highest bid wins."""

from collections.abc import Callable, Sequence
from math import log
from random import Random

from xxhash import xxh64_intdigest

from balancer.core.algorithms.settings import Settings
from balancer.core.algorithms.shares import ByWeight
from balancer.core.endpoint import Endpoint

FULL = log(1 << 64)
"""The logarithm of what hashes stay below."""


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
        seeds = [xxh64_intdigest(endpoint.address.encode()) for endpoint in endpoints]
        self._seeds = seeds
        self._bidders = [(seed, 1 / one.weight) for seed, one in zip(seeds, endpoints, strict=True)]
        self._equal = len({endpoint.weight for endpoint in endpoints}) == 1

    def pick(self, key: bytes) -> Endpoint:
        """The endpoint with the highest bid for the key."""
        if self._equal:  # the highest hash makes the highest bid
            bids: list[float] = [xxh64_intdigest(key, seed) for seed in self._seeds]
        else:  # ln(u) / weight orders them as -weight / ln(u) does, and u may be 1
            bids = [
                (log(xxh64_intdigest(key, seed) + 1) - FULL) * part for seed, part in self._bidders
            ]
        return self._endpoints[bids.index(max(bids))]
