"""From a measurement to pass, fail or invalid, with every check that led there. Pure.

Invalid comes first: a measurement that the load generator spoiled proves neither the outage nor
the cure. What depends on a scenario's settings is judged against the forecast and against the
configured shares, never against fixed numbers, so that other settings are judged as fairly.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from loadtest.measurement import AlertResult, Measurement, PhaseResult
from loadtest.scenario import BASELINE, OUTAGE, SOUND, TOLERANCE, VERIFY, Band

LEAST_ACHIEVED = 0.99
"""Share of the due logins that must really have been fired (the issue's 99 %)."""
LAG_LIMIT = 0.05
"""Schedule lag p99 as a share of the patience: a client that starts later than that has noticeably
less of its time left at the moment that the service sees it, and could change sides."""
LEAST_JUDGED = 50
"""Logins that a failing share needs at least; with fewer its standard error exceeds 7 points."""
SHARE_TOLERANCE = 0.02
"""How far attempt shares may lie from the configured ones."""
SAME_GAP = 0.001
"""Seconds by which the same arrival's due time may differ between phases (float arithmetic)."""


class Verdict(StrEnum):
    """The three ways a run can end; each has its exit code."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INVALID = "invalid"

    @property
    def exit_code(self) -> int:
        """0, 1 or 3; 2 means that the run could not be made."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INVALID: 3}[self]


@dataclass(frozen=True)
class Check:
    """One thing that must hold. `validity` checks judge the measurement, not the system."""

    name: str
    ok: bool
    expected: str
    measured: str
    validity: bool = False


def judge(measurement: Measurement) -> tuple[Verdict, list[Check]]:
    """The verdict and all its checks, failed or not, in the order of the story."""
    checks = [*_validity(measurement), *_story(measurement)]
    if any(check.validity and not check.ok for check in checks):
        return Verdict.INVALID, checks
    return (Verdict.PASS if all(check.ok for check in checks) else Verdict.FAIL), checks


def _validity(measurement: Measurement) -> Iterator[Check]:
    phases = measurement.phases
    for phase in phases:
        yield _offered(phase)
    worst = max((one for one in phases if one.achieved), key=_lag, default=phases[0])
    limit = LAG_LIMIT * measurement.patience
    yield Check(
        "logins left on time",
        _lag(worst) <= limit,
        f"schedule lag p99 at most {limit * 1000:.0f} ms ({LAG_LIMIT:.0%} of the patience)",
        f"{worst.lag_p99 * 1000:.1f} ms in {worst.name}",
        validity=True,
    )
    judged = [phase for phase in phases if phase.name in (BASELINE, OUTAGE, VERIFY)]
    fewest = min(judged, key=lambda phase: phase.judged)
    yield Check(
        "enough logins to judge by",
        fewest.judged >= LEAST_JUDGED,
        f"at least {LEAST_JUDGED} after the settling time, in each judged phase",
        f"{fewest.judged} in {fewest.name}",
        validity=True,
    )
    for phase in phases:
        yield _counted_alike(phase)
    yield _same_traffic(measurement)


def _offered(phase: PhaseResult) -> Check:
    """Dropped logins, and those without any record, were due and never made."""
    offered = phase.window.offered
    achieved = phase.achieved / offered if offered else 1.0
    return Check(
        f"{phase.name}: the load was really offered",
        achieved >= LEAST_ACHIEVED,
        f"at least {LEAST_ACHIEVED:.0%} of the due logins made",
        f"{phase.achieved} of {offered} ({achieved:.1%}), {phase.dropped} dropped",
        validity=True,
    )


def _counted_alike(phase: PhaseResult) -> Check:
    instances, balancer = phase.window.attempts, phase.window.attempts_at_balancer
    differ = [
        f"{name}: {instances.get(name, 0)} there, {balancer.get(name, 0)} at the balancer"
        for name in sorted({*instances, *balancer})
        if instances.get(name, 0) != balancer.get(name, 0)
    ]
    total = sum(instances.values())
    return Check(
        f"{phase.name}: attempts counted alike",
        not differ,
        "instances and balancer count the same attempts",
        "; ".join(differ) or f"{total} attempts, the same on both sides",
        validity=True,
    )


def _same_traffic(measurement: Measurement) -> Check:
    outage, verify = (measurement.phase(name).schedule for name in (OUTAGE, VERIFY))
    both = list(zip(outage, verify, strict=False))
    worst = max((abs(one - other) for one, other in both), default=1.0)
    return Check(
        "verify fired the outage's traffic again",
        worst <= SAME_GAP,
        "the same seeded schedule",
        f"{len(both)} logins at the same moments" if worst <= SAME_GAP else f"{worst:.3f} s apart",
        validity=True,
    )


def _story(measurement: Measurement) -> Iterator[Check]:
    """Baseline, outage, cure, verify: what must be seen, in order."""
    baseline, outage = measurement.phase(BASELINE), measurement.phase(OUTAGE)
    verify = measurement.phase(VERIFY)
    yield _failing(baseline, Band(0.0, SOUND))
    yield _fault_took_hold(baseline, outage)
    predicted = Band.around(measurement.forecast_failing)
    yield Check(
        "outage: failing share as forecast",
        outage.failing_share in predicted,
        f"{predicted} (forecast {measurement.forecast_failing:.1%})",
        f"{outage.failing_share:.1%}",
    )
    yield _shares(outage, outage.window.expected_shares)
    for name in measurement.must_fire:
        yield _fired(name, measurement.alert(name))
    for phase in measurement.phases[2:-1]:
        if phase.window.failing_expected is not None:
            yield _failing(phase, phase.window.failing_expected)
        if phase.window.reached is not None:
            yield _reached(phase)
    yield _failing(verify, Band(0.0, SOUND), "" if measurement.cured else " (no cure was applied)")
    # Judged by what was right before the fault: a configuration left broken must not excuse itself.
    yield _shares(verify, baseline.window.expected_shares)
    for name in measurement.must_fire:
        yield _resolved(name, measurement.alert(name))


def _failing(phase: PhaseResult, band: Band, remark: str = "") -> Check:
    return Check(
        f"{phase.name}: failing share",
        phase.failing_share in band,
        str(band),
        f"{phase.failing_share:.1%} of {phase.judged} logins{remark}",
    )


def _fault_took_hold(baseline: PhaseResult, outage: PhaseResult) -> Check:
    rise = outage.failing_share - baseline.failing_share
    measured = f"{baseline.failing_share:.1%} before, {outage.failing_share:.1%} with it"
    if rise < TOLERANCE:
        measured = f"the fault did nothing: {measured}"
    expected = f"at least {TOLERANCE * 100:.0f} points more logins fail than in the baseline"
    return Check("outage: the fault took hold", rise >= TOLERANCE, expected, measured)


def _shares(phase: PhaseResult, expected: Mapping[str, float]) -> Check:
    measured = phase.attempt_shares
    names = sorted({*expected, *measured})
    off = {name: abs(measured.get(name, 0.0) - expected.get(name, 0.0)) for name in names}
    return Check(
        f"{phase.name}: attempts spread as configured",
        max(off.values(), default=1.0) <= SHARE_TOLERANCE,
        "within 2 points of " + _listed(expected),
        _listed(measured),
    )


def _listed(values: Mapping[str, float]) -> str:
    return " / ".join(f"{values[name] * 100:.1f}" for name in sorted(values))


def _fired(name: str, alert: AlertResult | None) -> Check:
    expected = "fires during the outage, and not before"
    if alert is None:
        return Check(f"{name} fires", False, expected, "it never fired")
    measured = f"{alert.fired_after:.1f} s after the fault, in {alert.phase}"
    return Check(f"{name} fires", alert.phase == OUTAGE, expected, measured)


def _resolved(name: str, alert: AlertResult | None) -> Check:
    expected = "resolves after the cure"
    if alert is None:
        return Check(f"{name} resolves", False, expected, "it never fired")
    after = alert.resolved_after
    measured = "it still fires" if after is None else f"{after:.1f} s after the cure began"
    return Check(f"{name} resolves", after is not None and after > 0, expected, measured)


def _reached(phase: PhaseResult) -> Check:
    took = phase.window.ended - phase.window.began
    end = "reached" if phase.window.reached else "not reached, the limit of the phase ended it"
    return Check(
        f"{phase.name}: the backlog was worked off",
        bool(phase.window.reached),
        "the hash queue is empty before the phase's limit",
        f"{end} after {took:.1f} s",
    )


def _lag(phase: PhaseResult) -> float:
    """The lag p99; a phase in which not one login reached a socket has the worst there is."""
    return math.inf if math.isnan(phase.lag_p99) else phase.lag_p99
