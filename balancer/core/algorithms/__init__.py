"""One class per file; this table is the only list of them.

An algorithm is built from the endpoints that are ready, with its dice, and thrown away when that
set changes. It never hears of health, draining, retries or reloads. All endpoints it is given have
a weight of at least 1.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Protocol, runtime_checkable

from balancer.core.algorithms.bounded_hash import BoundedHash
from balancer.core.algorithms.first import First
from balancer.core.algorithms.least_requests import LeastRequests
from balancer.core.algorithms.maglev import Maglev
from balancer.core.algorithms.p2c import PowerOfTwo
from balancer.core.algorithms.peak_ewma import PeakEwma
from balancer.core.algorithms.rendezvous import Rendezvous
from balancer.core.algorithms.ring_hash import RingHash
from balancer.core.algorithms.round_robin import RoundRobin
from balancer.core.algorithms.settings import Settings
from balancer.core.algorithms.source_hash import SourceHash
from balancer.core.algorithms.sticky import Sticky
from balancer.core.algorithms.weighted_random import WeightedRandom
from balancer.core.endpoint import Endpoint


class Algorithm(Protocol):
    """Picks an endpoint."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        rng: Random,
        clock: Callable[[], float],
        settings: Settings,
    ) -> None: ...

    def pick(self, key: bytes) -> Endpoint:
        """Return one of the endpoints. Cheap, no I/O, never raises.

        `key` is what the pool says is to be hashed: the client's address, packed (4 or 16 octets),
        unless it says otherwise.
        """
        ...

    @staticmethod
    def shares(endpoints: Sequence[Endpoint]) -> list[float]:
        """The share of attempts that each is meant to get, in closed form; they add up to 1.

        For one that hashes: of very many keys, all different. For one that looks at the load: while
        all endpoints can do what their weights say.
        """
        ...


@runtime_checkable
class Observer(Protocol):
    """An algorithm that learns from how attempts end."""

    def observe(self, endpoint: Endpoint, seconds: float, failed: bool, now: float) -> None:
        """An attempt ended, `seconds` after it began; `failed` if that speaks against it."""
        ...

    def gave_up(self, endpoint: Endpoint, seconds: float, now: float) -> None:
        """A client left, `seconds` after the attempt began, and without an answer."""
        ...


@runtime_checkable
class Slow(Protocol):
    """An algorithm that takes so long to build that requests would have to wait for it."""

    @staticmethod
    def steps(endpoints: Sequence[Endpoint]) -> Iterator[None]:
        """Prepare to build it for these, in steps of about 2 ms at most, so that it takes none."""
        ...


ALGORITHMS: dict[str, type[Algorithm]] = {
    "round_robin": RoundRobin,
    "random": WeightedRandom,
    "least_requests": LeastRequests,
    "p2c": PowerOfTwo,
    "peak_ewma": PeakEwma,
    "source_hash": SourceHash,
    "ring_hash": RingHash,
    "maglev": Maglev,
    "rendezvous": Rendezvous,
    "bounded_hash": BoundedHash,
    "sticky": Sticky,
    "first": First,
}

DEFAULT_ALGORITHM = "round_robin"
"""For a pool that names none: the order a reader can work out by hand."""
