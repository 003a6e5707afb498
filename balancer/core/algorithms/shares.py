"""What most algorithms answer when asked for the shares they mean to give."""

from collections.abc import Sequence

from balancer.core.endpoint import Endpoint


class ByWeight:
    """For an algorithm that shares out exactly by weight."""

    @staticmethod
    def shares(endpoints: Sequence[Endpoint]) -> list[float]:
        """Each endpoint's weight over the sum of all."""
        total = sum(endpoint.weight for endpoint in endpoints)
        return [endpoint.weight / total for endpoint in endpoints]
