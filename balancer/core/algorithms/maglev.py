"""Maglev: consistent hashing by a table, exactly Envoy's."""

from collections.abc import Callable, Sequence
from random import Random

from xxhash import xxh64_intdigest

from balancer.core.algorithms.maglev_table import SIZE, lay
from balancer.core.algorithms.settings import Settings
from balancer.core.endpoint import Endpoint


class Maglev:
    """One look into a table, for any number of endpoints, and shares within a part in a thousand.

    An endpoint that goes takes its keys with it and disturbs a few others. Source: Eisenbud et al.,
    "Maglev: A Fast and Reliable Software Network Load Balancer", 2016; Envoy's maglev_lb.cc.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        rng: Random,
        clock: Callable[[], float],
        settings: Settings,
    ) -> None:
        self._endpoints = endpoints
        self._table = _table(endpoints)

    def pick(self, key: bytes) -> Endpoint:
        """The endpoint in the key's place of the table."""
        return self._endpoints[self._table[xxh64_intdigest(key) % SIZE]]

    @staticmethod
    def shares(endpoints: Sequence[Endpoint]) -> list[float]:
        """The places that each has in the table."""
        table = _table(endpoints)
        return [table.count(i) / SIZE for i in range(len(endpoints))]


def _table(endpoints: Sequence[Endpoint]) -> Sequence[int]:
    return lay(
        tuple(endpoint.address for endpoint in endpoints),
        tuple(endpoint.weight for endpoint in endpoints),
    )
