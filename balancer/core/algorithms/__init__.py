"""One class per file; this table is the only list of them.

An algorithm is built from the endpoints that are ready, with its dice, and thrown away when that
set changes. It never hears of health, draining, retries or reloads. All endpoints it is given have
a weight of at least 1.
"""

from collections.abc import Sequence
from random import Random
from typing import Protocol

from balancer.core.algorithms.least_requests import LeastRequests
from balancer.core.algorithms.p2c import PowerOfTwo
from balancer.core.algorithms.round_robin import RoundRobin
from balancer.core.algorithms.source_hash import SourceHash
from balancer.core.endpoint import Endpoint


class Algorithm(Protocol):
    """Picks an endpoint."""

    def __init__(self, endpoints: Sequence[Endpoint], rng: Random) -> None: ...

    def pick(self, key: bytes) -> Endpoint:
        """Return one of the endpoints. Cheap, no I/O, never raises.

        `key` is the client's address, packed (4 or 16 octets).
        """
        ...


ALGORITHMS: dict[str, type[Algorithm]] = {
    "round_robin": RoundRobin,
    "least_requests": LeastRequests,
    "p2c": PowerOfTwo,
    "source_hash": SourceHash,
}

DEFAULT_ALGORITHM = "round_robin"
"""For a pool that names none: the order a reader can work out by hand."""
