"""`report.json`: a run for machines; `report.schema.json` beside this file fixes its shape."""

import json
import math
from collections.abc import Mapping
from typing import Any

from loadtest.measurement import AlertResult, PhaseResult
from loadtest.run import Outcome
from loadtest.settings import fields_of
from loadtest.verdict import Check

EMULATION = (
    "lab profile: capacity is EMULATED. Real bcrypt at a low cost runs for every login, and each "
    "login holds its hash slot for a stated minimum time, so that capacity is the same everywhere."
)
NOTES = [
    "failing_share, latency_s, answer_shares and unanswered_share leave out the first settle_s "
    "seconds of a phase (the setting, but at most half of the phase); failing_share_whole and "
    "attempt_shares do not.",
    "latency_s counts from the moment a login was due, latency_from_send_s from its first byte.",
    "fired_after_s counts from the start of the outage, resolved_after_s from the start of the "
    "phase after it, which is the first step of the cure.",
]


def report(outcome: Outcome) -> dict[str, Any]:
    """The whole report; every number is plain JSON, with null for what could not be measured."""
    plan, measurement = outcome.plan, outcome.measurement
    return {
        "scenario": plan.scenario.name,
        "seed": plan.seed,
        "verdict": str(outcome.verdict),
        "safe": plan.settings.safe,
        "cured": plan.cured,
        "emulation": EMULATION,
        "settings": {
            one.name: getattr(plan.settings, one.name) for one in fields_of(plan.scenario.settings)
        },
        "phases": [_phase(phase) for phase in measurement.phases],
        "alerts": [_alert(alert) for alert in measurement.alerts],
        "forecast": {
            "failing_share": measurement.forecast_failing,
            "shares": dict(measurement.forecast_shares),
        },
        "checks": [_check(check) for check in outcome.checks],
        **outcome.facts,
        "notes": NOTES,
    }


def _phase(phase: PhaseResult) -> dict[str, Any]:
    window = phase.window
    return {
        "name": phase.name,
        "deed": window.deed,
        "seconds": _number(window.ended - window.began, 3),
        "settle_s": _number(window.settle, 3),
        "offered": window.offered,
        "achieved": phase.achieved,
        "dropped": phase.dropped,
        "judged": phase.judged,
        "failing_share": _number(phase.failing_share),
        "failing_share_whole": _number(phase.failing_share_whole),
        "latency_s": _numbers(phase.latency),
        "latency_from_send_s": _numbers(phase.latency_from_send),
        "schedule_lag_p99_s": _number(phase.lag_p99),
        "attempts": dict(window.attempts),
        "attempts_at_balancer": dict(window.attempts_at_balancer),
        "attempt_shares": _numbers(phase.attempt_shares),
        "expected_shares": _numbers(window.expected_shares),
        "answer_shares": _numbers(phase.answer_shares),
        "unanswered_share": _number(phase.unanswered_share),
        "outcomes": dict(phase.outcomes),
        "config_hash": window.config_hash,
    }


def _alert(alert: AlertResult) -> dict[str, Any]:
    after = alert.resolved_after
    return {
        "name": alert.name,
        "fired_after_s": _number(alert.fired_after, 1),
        "resolved_after_s": None if after is None else _number(after, 1),
        "fired_in": alert.phase,
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "ok": check.ok,
        "expected": check.expected,
        "measured": check.measured,
        "validity": check.validity,
    }


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in values.items()}


def _number(value: float, digits: int = 4) -> float | None:
    """Rounded; null instead of NaN, which JSON does not know."""
    return None if math.isnan(value) else round(value, digits)


def to_text(document: Mapping[str, Any]) -> str:
    """The report as indented JSON with a final newline. Raises ValueError for NaN."""
    return json.dumps(document, indent=1, allow_nan=False) + "\n"
