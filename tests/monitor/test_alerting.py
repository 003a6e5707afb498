"""The alert state machine, on a clock that is only a number."""

import pytest

from monitor.alerting import Alert, step
from monitor.rules import AlertRule
from monitor.values import EvaluationError, Labels, Value

RULE = AlertRule(
    name="Hot",
    expression="g",
    for_ms=3000,
    labels={"severity": "page"},
    annotations={"summary": "{{ $labels.instance }} at {{ $value | humanizePercentage }}"},
)
ELEMENT: Labels = (("__name__", "g"), ("instance", "auth-1"))
YES: Value = {ELEMENT: 0.8125}
NO: Value = {}


def play(rule: AlertRule, values: list[Value]) -> list[tuple[int, str, str]]:
    """One evaluation per second; returns (second, from, to)."""
    active: dict[Labels, Alert] = {}
    changes: list[tuple[int, str, str]] = []
    for second, value in enumerate(values):
        active, transitions = step(rule, active, value, second * 1000)
        changes += [(second, t.from_state, t.to_state) for t in transitions]
    return changes


def test_it_fires_after_for_and_ends_with_its_cause() -> None:
    """Pending at once, firing once it has lasted 3 s, inactive at the first clean evaluation."""
    assert play(RULE, [NO, YES, YES, YES, YES, YES, NO]) == [
        (1, "inactive", "pending"),
        (4, "pending", "firing"),
        (6, "firing", "inactive"),
    ]


def test_a_short_spike_never_fires() -> None:
    """An interruption starts `for` again from nothing."""
    assert play(RULE, [YES, YES, YES, NO, YES, YES, YES, NO]) == [
        (0, "inactive", "pending"),
        (3, "pending", "inactive"),
        (4, "inactive", "pending"),
        (7, "pending", "inactive"),
    ]


def test_without_for_it_fires_at_once() -> None:
    """No pending state is reported that nobody could have seen."""
    rule = AlertRule("Now", "g")

    assert play(rule, [YES, NO]) == [(0, "inactive", "firing"), (1, "firing", "inactive")]


def test_keep_firing_for_bridges_gaps() -> None:
    """It goes on firing through a gap shorter than 2 s, and counts each gap anew."""
    rule = AlertRule("Sticky", "g", keep_firing_ms=2000)

    assert play(rule, [YES, NO, NO, YES, NO, NO, NO]) == [
        (0, "inactive", "firing"),
        (6, "firing", "inactive"),
    ]


def test_each_element_is_its_own_alert() -> None:
    """Two instances, two alerts, each with its own clock."""
    other: Labels = (("instance", "auth-2"),)
    active, _ = step(RULE, {}, {ELEMENT: 1.0}, 0)
    active, transitions = step(RULE, active, {ELEMENT: 1.0, other: 2.0}, 3000)

    assert [(dict(t.alert.labels)["instance"], t.to_state) for t in transitions] == [
        ("auth-1", "firing"),
        ("auth-2", "pending"),
    ]


def test_labels_and_annotations_are_filled_in() -> None:
    """The metric's name is dropped, alertname and the rule's labels are added."""
    active, _ = step(RULE, {}, YES, 5000)
    [alert] = active.values()

    assert dict(alert.labels) == {"alertname": "Hot", "instance": "auth-1", "severity": "page"}
    assert alert.annotations == {"summary": "auth-1 at 81.25%"}
    assert (alert.active_at_ms, alert.value) == (5000, 0.8125)


def test_a_number_is_one_alert_without_labels() -> None:
    """A scalar expression fires always, as in Prometheus."""
    active, _ = step(AlertRule("Number", "1"), {}, 1.0, 0)

    assert list(active) == [(("alertname", "Number"),)]


def test_two_elements_with_the_same_alert_are_an_error() -> None:
    """Nothing changes, rather than one alert hiding the other."""
    clash: Value = {(("__name__", "a"), ("x", "1")): 1.0, (("__name__", "b"), ("x", "1")): 2.0}

    with pytest.raises(EvaluationError, match="the same alert"):
        step(RULE, {}, clash, 0)
