"""What was measured in a run, computed from its records. Pure: no clock, no I/O.

Shares are fractions of 1, times are seconds. Unless a name ends in `_whole`, the first `settle`
seconds of a phase are left out, because a fault or a cure takes that long to show.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from loadtest.exchange import DROPPED, OK, Exchange
from loadtest.scenario import Band

PERCENTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, kw_only=True)
class Window:
    """One phase as the runner lived it: moments (monotonic), the configuration, the counts.

    `attempts` are counted at the instances, `attempts_at_balancer` at the balancer, both as the
    difference between the paused boundaries. `reached` tells whether the condition that ends the
    phase came true before its limit; None when it has no condition.
    """

    name: str
    deed: str
    began: float
    ended: float
    settle: float
    offered: int
    config_hash: str
    expected_shares: Mapping[str, float]
    attempts: Mapping[str, int]
    attempts_at_balancer: Mapping[str, int]
    failing_expected: Band | None = None
    reached: bool | None = None


@dataclass(frozen=True, kw_only=True)
class PhaseResult:
    """One phase in numbers. `judged` counts the logins that `failing_share` is made of."""

    window: Window
    achieved: int
    dropped: int
    judged: int
    failing_share: float
    failing_share_whole: float
    latency: Mapping[str, float]
    latency_from_send: Mapping[str, float]
    lag_p99: float
    answer_shares: Mapping[str, float]
    unanswered_share: float
    outcomes: Mapping[str, int]
    schedule: Sequence[float]
    """Due moments since the first of them, in order: the traffic's fingerprint."""

    @property
    def name(self) -> str:
        """The phase's name."""
        return self.window.name

    @property
    def attempt_shares(self) -> dict[str, float]:
        """Each endpoint's share of the attempts, as counted at the instances."""
        return shares(self.window.attempts)


@dataclass(frozen=True)
class AlertResult:
    """One alert: the moments (monotonic) of its first firing and its last resolution, if any.

    `fired_after` counts from the start of the outage, `resolved_after` from the start of the
    phase after it, which is the first step of the cure. `phase` is where it first fired.
    """

    name: str
    fired_at: float
    resolved_at: float | None
    fired_after: float
    resolved_after: float | None
    phase: str


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Everything the verdict is made from."""

    phases: Sequence[PhaseResult]
    alerts: Sequence[AlertResult]
    forecast_failing: float
    forecast_shares: Mapping[str, float]
    must_fire: Sequence[str]
    patience: float
    cured: bool = True

    def phase(self, name: str) -> PhaseResult:
        """The phase of that name. Raises KeyError."""
        for phase in self.phases:
            if phase.name == name:
                return phase
        raise KeyError(name)

    def alert(self, name: str) -> AlertResult | None:
        """The alert of that name, None if it never fired."""
        return next((alert for alert in self.alerts if alert.name == name), None)


def phase_result(window: Window, exchanges: Iterable[Exchange]) -> PhaseResult:
    """The numbers of one phase, from its own exchanges (those due in it)."""
    due = sorted((e for e in exchanges if e.phase == window.name), key=lambda e: e.n)
    fired = [exchange for exchange in due if exchange.outcome != DROPPED]
    settled = [e for e in fired if e.due - window.began >= window.settle]
    from_send = [e.latency_from_send for e in settled if e.latency_from_send is not None]
    answers = Counter(exchange.served_by for exchange in settled if exchange.answered)
    return PhaseResult(
        window=window,
        achieved=len(fired),
        dropped=len(due) - len(fired),
        judged=len(settled),
        failing_share=failing_share(settled),
        failing_share_whole=failing_share(fired),
        latency=percentiles([exchange.latency for exchange in settled]),
        latency_from_send=percentiles(from_send),
        lag_p99=percentile([e.lag for e in fired if e.lag is not None], 0.99),
        answer_shares={name: n / len(settled) for name, n in sorted(answers.items())},
        unanswered_share=_share(sum(not exchange.answered for exchange in settled), len(settled)),
        outcomes=dict(Counter(exchange.outcome for exchange in due).most_common()),
        schedule=[exchange.due - due[0].due for exchange in due],
    )


def failing_share(exchanges: Sequence[Exchange]) -> float:
    """The share that did not end in a session; 0 when there were none."""
    return _share(sum(exchange.outcome != OK for exchange in exchanges), len(exchanges))


def shares(counts: Mapping[str, int]) -> dict[str, float]:
    """Each count as a share of their sum; all 0 when the sum is."""
    total = sum(counts.values())
    return {name: _share(count, total) for name, count in counts.items()}


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """The PERCENTILES by name."""
    return {name: percentile(values, share) for name, share in PERCENTILES.items()}


def percentile(values: Sequence[float], share: float) -> float:
    """The exact percentile by nearest rank (no interpolation, no buckets); NaN of nothing."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
