"""A named set of endpoints and one algorithm."""

from collections.abc import Collection, Sequence
from random import Random

from balancer.core.algorithms import ALGORITHMS, Algorithm
from balancer.core.endpoint import Endpoint


class Pool:
    """Knows which of its endpoints are ready, and keeps an algorithm built for just those.

    `pick` never looks at health: the ready set is worked out when something flips (`refresh`), not
    when a request arrives.
    """

    def __init__(
        self, name: str, algorithm: str, endpoints: Sequence[Endpoint], rng: Random
    ) -> None:
        self.name = name
        self.algorithm = algorithm
        self.endpoints = tuple(endpoints)
        self._rng = rng
        self.ready: tuple[Endpoint, ...] = ()
        self._picker: Algorithm | None = None
        self.unpicked: dict[tuple[str, str], int] = {("no_endpoint", "503"): 0}
        """Exchanges that ended without an endpoint, by outcome and code."""
        self.refresh()

    def refresh(self) -> None:
        """Work out anew which endpoints are ready; call it when one turned up or down."""
        self.ready = tuple(endpoint for endpoint in self.endpoints if endpoint.ready)
        self._picker = self._build(self.ready)

    def pick(self, key: bytes, tried: Collection[Endpoint] = ()) -> Endpoint | None:
        """An endpoint for this key that was not tried before, or None if there is none."""
        picker = self._picker
        if tried:
            picker = self._build([one for one in self.ready if one not in tried])
        return picker.pick(key) if picker is not None else None

    def _build(self, endpoints: Sequence[Endpoint]) -> Algorithm | None:
        return ALGORITHMS[self.algorithm](endpoints, self._rng) if endpoints else None

    def expected_shares(self) -> dict[str, float]:
        """The share of attempts that the configuration means each endpoint to get, by name.

        In closed form: every algorithm here shares out by weight, hashes over many keys too.
        Health does not enter, since this is what the load is compared with when something is down.
        """
        total = sum(endpoint.weight for endpoint in self.endpoints if endpoint.wanted)
        return {
            endpoint.name: endpoint.weight / total if endpoint.wanted else 0.0
            for endpoint in self.endpoints
        }

    def __repr__(self) -> str:
        return (
            f"<Pool {self.name}: {self.algorithm}, {len(self.ready)}/{len(self.endpoints)} ready>"
        )
