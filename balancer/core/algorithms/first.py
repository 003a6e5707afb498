"""First: the first endpoint of the file that is ready."""

from collections.abc import Callable, Sequence
from random import Random

from balancer.core.algorithms.settings import Settings
from balancer.core.endpoint import Endpoint


class First:
    """All traffic to one endpoint, the others in reserve: HAProxy's `first`, nginx's `backup`.

    With `limit.in_flight` it fills the endpoints one after the other.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        rng: Random,
        clock: Callable[[], float],
        settings: Settings,
    ) -> None:
        self._first = endpoints[0]

    def pick(self, key: bytes) -> Endpoint:
        """Always the same; weights and keys do not matter."""
        return self._first

    @staticmethod
    def shares(endpoints: Sequence[Endpoint]) -> list[float]:
        """Everything to the first."""
        return [1.0] + [0.0] * (len(endpoints) - 1)
