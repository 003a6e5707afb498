"""When an alert fired and when it was over, from the monitor's transitions."""

from typing import Any

import pytest

from loadtest.alerts import alert_results

PHASES = [
    ("baseline", 100.0, 110.0),
    ("outage", 110.1, 130.0),
    ("rebalance", 130.1, 140.0),
    ("verify", 140.1, 155.0),
]


def to(state: str, at: float, alert: str = "LoginFailureSpike", **labels: str) -> dict[str, Any]:
    return {"alert": alert, "labels": labels, "from": "?", "to": state, "at": at}


def test_times_count_from_the_fault_and_from_the_cure() -> None:
    """Pending is not firing; resolved counts from the first step of the cure."""
    [result] = alert_results(
        [to("pending", 116), to("firing", 119.1), to("inactive", 136.1)], PHASES
    )
    assert result.fired_after == pytest.approx(9.0)
    assert result.resolved_after == pytest.approx(6.0)
    assert result.phase == "outage"


def test_an_alert_with_several_label_sets_fires_while_any_does() -> None:
    """Two endpoints saturate one after the other, overlapping: one firing, not two."""
    transitions = [
        to("firing", 115, endpoint="auth-1"),
        to("firing", 120, endpoint="auth-2"),
        to("inactive", 125, endpoint="auth-1"),
        to("inactive", 145, endpoint="auth-2"),
    ]
    [result] = alert_results(transitions, PHASES)
    assert (result.fired_at, result.resolved_at) == (115, 145)


def test_the_first_firing_and_the_last_end_count() -> None:
    """An alert that comes back is only over when it is over for good."""
    transitions = [to("firing", 115), to("inactive", 120), to("firing", 125)]
    [result] = alert_results(transitions, PHASES)
    assert (result.fired_at, result.resolved_at, result.resolved_after) == (115, None, None)


@pytest.mark.parametrize(
    ("at", "phase"),
    [(99.0, "before"), (105.0, "baseline"), (110.05, "baseline"), (150.0, "verify")],
)
def test_the_phase_of_the_first_firing(at: float, phase: str) -> None:
    """Before the first phase is named so; a pause belongs to the phase before it."""
    assert alert_results([to("firing", at)], PHASES)[0].phase == phase


def test_an_alert_that_was_only_pending_did_not_fire() -> None:
    """No result at all."""
    assert alert_results([to("pending", 115), to("inactive", 118)], PHASES) == []
