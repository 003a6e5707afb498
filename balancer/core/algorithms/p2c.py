"""The power of two choices: draw two endpoints, take the less loaded."""

from collections.abc import Callable, Sequence
from random import Random

from balancer.core.algorithms.pair import Pair
from balancer.core.algorithms.settings import Settings
from balancer.core.algorithms.shares import ByWeight
from balancer.core.endpoint import Endpoint


class PowerOfTwo(ByWeight):
    """Draws two different endpoints by weight and takes the one with fewer in flight per weight.

    Nearly as even as looking at all, without the herd that many balancers with the same stale view
    send to one endpoint (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing",
    2001). The second draw is from the others, so that a pair is never one endpoint twice.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        rng: Random,
        clock: Callable[[], float],
        settings: Settings,
    ) -> None:
        self._draw = Pair(endpoints, rng).draw

    def pick(self, key: bytes) -> Endpoint:
        """The less loaded of two drawn endpoints, the first drawn if they are equal; no key."""
        one, other = self._draw()
        lighter = other.load.in_flight * one.weight < one.load.in_flight * other.weight
        return other if lighter else one
