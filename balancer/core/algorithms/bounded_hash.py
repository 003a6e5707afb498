"""Bounded hash: consistent hashing in which nobody carries much more than the others."""

from collections.abc import Callable, Sequence
from random import Random

from balancer.core.algorithms.ring import Ring
from balancer.core.algorithms.settings import Settings
from balancer.core.endpoint import Endpoint


class BoundedHash:
    """A key's owner on the ring, or the next one on it that has room.

    Room is ceil(bound · (in flight in all + 1) · weight / sum of weights). So a hot key, or a
    thousand clients behind one address, spill over instead of overwhelming one endpoint. Source:
    Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads", 2016; HAProxy's
    `hash-balance-factor`. Adding up what is in flight makes a pick O(n).
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        rng: Random,
        clock: Callable[[], float],
        settings: Settings,
    ) -> None:
        ring = Ring(endpoints)
        self._owners, self._index = ring.owners, ring.index
        self._loads = [endpoint.load for endpoint in endpoints]
        self._factor = settings.bound / sum(endpoint.weight for endpoint in endpoints)

    def pick(self, key: bytes) -> Endpoint:
        """The endpoint that owns the key, or the first after it with room."""
        owners, start = self._owners, self._index(key)
        in_flight = sum([load.in_flight for load in self._loads])
        each = self._factor * (in_flight + 1)
        first = owners[start]
        if first.load.in_flight < each * first.weight:  # an integer below x is below ceil(x)
            return first
        for i in range(start - len(owners) + 1, start):  # negative indices lead around the end
            owner = owners[i]
            if owner.load.in_flight < each * owner.weight:
                return owner
        return first  # not with a bound of at least 1: there is always room for one more

    @staticmethod
    def shares(endpoints: Sequence[Endpoint]) -> list[float]:
        """The arcs of the ring: what it is while nobody is full."""
        return Ring(endpoints).arcs(endpoints)
