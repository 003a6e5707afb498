"""What an alert does next, given what its rule yields now: inactive, pending, firing, inactive.

Pure: rules, vectors and the time come in as arguments. The rules are Prometheus's
(rules/alerting.go, AlertingRule.Eval).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from monitor.rules import AlertRule
from monitor.templates import expand
from monitor.values import (
    EvaluationError,
    Labels,
    Value,
    labels_of,
    show,
    without_name,
)

State: TypeAlias = Literal["inactive", "pending", "firing"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One active alert: a rule and one label set that its expression yields."""

    rule: str
    labels: Labels
    annotations: dict[str, str]
    state: State
    active_at_ms: int
    value: float
    kept_since_ms: int | None = None


Active: TypeAlias = Mapping[Labels, Alert]


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of an alert's state."""

    alert: Alert
    from_state: State
    to_state: State
    at_ms: int


def step(
    rule: AlertRule, active: Active, value: Value, now_ms: int
) -> tuple[dict[Labels, Alert], list[Transition]]:
    """The alerts of one rule after an evaluation at `now_ms`, and what changed.

    Raises EvaluationError if two elements would be the same alert; nothing changes then.
    """
    seen = _instances(rule, value, now_ms)
    after: dict[Labels, Alert] = {}
    transitions: list[Transition] = []
    for labels in (*active, *(labels for labels in seen if labels not in active)):
        before = active.get(labels)
        alert = _next(rule, before, seen.get(labels), now_ms)
        old: State = before.state if before else "inactive"
        if alert.state != old:
            transitions.append(Transition(alert, old, alert.state, now_ms))
        if alert.state != "inactive":
            after[labels] = alert
    return after, transitions


def _next(rule: AlertRule, before: Alert | None, seen: Alert | None, now_ms: int) -> Alert:
    if seen is None:
        assert before is not None  # noqa: S101 - a label set comes from one side or the other
        return _absent(rule, before, now_ms)
    alert = seen if before is None else replace(seen, active_at_ms=before.active_at_ms)
    firing = before is not None and before.state == "firing"
    if firing or now_ms - alert.active_at_ms >= rule.for_ms:
        return replace(alert, state="firing")
    return alert


def _absent(rule: AlertRule, before: Alert, now_ms: int) -> Alert:
    """`keep_firing_for` counts from the first evaluation that no longer yields the alert."""
    if before.state == "firing" and rule.keep_firing_ms:
        since = now_ms if before.kept_since_ms is None else before.kept_since_ms
        if now_ms - since < rule.keep_firing_ms:
            return replace(before, kept_since_ms=since)
    return replace(before, state="inactive", kept_since_ms=None)


def _instances(rule: AlertRule, value: Value, now_ms: int) -> dict[Labels, Alert]:
    vector = value if isinstance(value, dict) else {(): value}
    instances: dict[Labels, Alert] = {}
    for element, number in vector.items():
        own = dict(without_name(element))
        added = {name: expand(text, own, number) for name, text in rule.labels.items()}
        labels = labels_of((own | added | {"alertname": rule.name}).items())
        if labels in instances:
            raise EvaluationError(f"two elements give the same alert {show(labels)}")
        notes = {name: expand(text, own, number) for name, text in rule.annotations.items()}
        instances[labels] = Alert(rule.name, labels, notes, "pending", now_ms, number)
    return instances
