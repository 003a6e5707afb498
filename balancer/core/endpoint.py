"""One instance's address with its live counters.

An `Endpoint` is what the configuration says and never changes; its `Load` and `Health` live on
when a reload builds a new `Endpoint` for the same address (pingora, Finagle and Caddy keep state by
address too: the address is the identity).
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Literal

from balancer.core.failure import OUTCOMES, Outcome
from balancer.core.health import Health

State = Literal["active", "drain"]

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Upper bounds in seconds: OpenTelemetry's for `http.server.request.duration`."""

COMMON_CODES = ("200", "201", "204", "400", "401", "404", "429", "500", "502", "503")
"""Codes of answers that exist at zero from the start, so that the first one shows in a rate."""


class Load:
    """What an endpoint carries and has carried; survives reloads."""

    __slots__ = (
        "attempts", "bucket_counts", "cost", "cost_at", "ejected", "finished", "in_flight",
        "retried", "seconds",
    )  # fmt: skip

    def __init__(self) -> None:
        self.in_flight = 0
        self.attempts = 0
        """Attempts whose head was written to the endpoint."""
        self.finished: dict[tuple[str, str], int] = {
            **{("ok", code): 0 for code in COMMON_CODES},
            **{(outcome, code): 0 for outcome, code in OUTCOMES.items() if outcome != "ok"},
        }
        """Exchanges ended here, by outcome and by the code answered ("" for no answer)."""
        self.bucket_counts = [0] * (len(LATENCY_BUCKETS) + 1)
        self.seconds = 0.0
        self.retried: dict[str, int] = dict.fromkeys(
            ("timeout", "connect_failed", "bad_response"), 0
        )
        """Attempts that failed here and were made once more elsewhere, by how they failed."""
        self.ejected: dict[str, int] = dict.fromkeys(("consecutive", "success_rate", "operator"), 0)
        """Ejections by their reason."""
        self.cost = 0.0
        """Seconds that an attempt is likely to take, as `peak_ewma` learnt it; 0 if it has not."""
        self.cost_at = 0.0
        """When it last learnt."""

    def finish(self, outcome: Outcome, code: str, seconds: float) -> None:
        """Count one exchange that ended with this endpoint, `seconds` after it began."""
        key = (outcome, code)
        self.finished[key] = self.finished.get(key, 0) + 1
        self.bucket_counts[bisect_left(LATENCY_BUCKETS, seconds)] += 1
        self.seconds += seconds

    def __repr__(self) -> str:
        return f"<Load in_flight={self.in_flight} attempts={self.attempts}>"


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """One address of a pool: its name, its weight, and whether it takes new attempts."""

    name: str
    address: str
    weight: int = 1
    state: State = "active"
    load: Load = field(default_factory=Load)
    health: Health = field(default_factory=Health)

    @property
    def wanted(self) -> bool:
        """Whether the configuration gives it traffic at all."""
        return self.state == "active" and self.weight > 0

    @property
    def ready(self) -> bool:
        """Whether an algorithm may pick it now."""
        return self.wanted and self.health.up and not self.health.ejected_until
