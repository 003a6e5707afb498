"""What can be set to protect a pool; what each does is in `pool`."""

from dataclasses import dataclass
from typing import Protocol

from balancer.core.ejection import EjectionPolicy


class Limit(Protocol):
    """How much one endpoint carries at once, and how many exchanges wait for room."""

    @property
    def in_flight(self) -> int: ...
    @property
    def queue(self) -> int: ...
    @property
    def wait(self) -> float: ...


class Retry(Protocol):
    """How many attempts an exchange may make, and the budget for those after the first."""

    @property
    def attempts(self) -> int: ...
    @property
    def budget(self) -> float: ...
    @property
    def floor(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Guards:
    """What protects a pool. Each is off unless it is set."""

    ejection: EjectionPolicy | None = None
    panic: float | None = None
    """Below this share of endpoints ready, all that are wanted count as ready."""
    slow_start: float | None = None
    """Seconds over which an endpoint that came back gets its share."""
    limit: Limit | None = None
    retry: Retry | None = None


NONE = Guards()
