"""Sticky: a client that has been here goes where it was."""

from collections.abc import Callable, Sequence
from random import Random

from balancer.core.algorithms.least_requests import LeastRequests
from balancer.core.algorithms.settings import Settings
from balancer.core.algorithms.shares import ByWeight
from balancer.core.endpoint import Endpoint

CAME_FROM = b"endpoint:"
"""What the key of a client begins with whose cookie was verified; the endpoint's name follows."""


class Sticky(ByWeight):
    """The endpoint that the client's cookie names; who has none, or one of the past, is shared out.

    Those go by least requests, so that the clients of an endpoint which is gone do not all follow
    one another to the same next one. Whether a cookie is genuine is decided before the key is made.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        rng: Random,
        clock: Callable[[], float],
        settings: Settings,
    ) -> None:
        self._by_key = {CAME_FROM + one.name.encode(): one for one in endpoints}
        self._new = LeastRequests(endpoints, rng, clock, settings)

    def pick(self, key: bytes) -> Endpoint:
        """The endpoint named by a key `endpoint:NAME`; the least loaded for any other key."""
        return self._by_key.get(key) or self._new.pick(key)
