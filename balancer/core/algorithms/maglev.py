"""Maglev: consistent hashing by a table, exactly Envoy's."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from random import Random

from xxhash import xxh64_intdigest

from balancer.core.algorithms.maglev_table import SIZE, lay, steps
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
        self._table = lay(*_addresses_and_weights(endpoints))

    def pick(self, key: bytes) -> Endpoint:
        """The endpoint in the key's place of the table."""
        return self._endpoints[self._table[xxh64_intdigest(key) % SIZE]]

    @staticmethod
    def shares(endpoints: Sequence[Endpoint]) -> list[float]:
        """The places that each has in the table."""
        table = lay(*_addresses_and_weights(endpoints))
        places = Counter(table)
        return [places[i] / SIZE for i in range(len(endpoints))]

    @staticmethod
    def steps(endpoints: Sequence[Endpoint]) -> Iterator[None]:
        """Lay the table."""
        return steps(*_addresses_and_weights(endpoints))


def _addresses_and_weights(
    endpoints: Sequence[Endpoint],
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    return (
        tuple(endpoint.address for endpoint in endpoints),
        tuple(endpoint.weight for endpoint in endpoints),
    )
