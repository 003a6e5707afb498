"""The verdict, on hand-made measurements: every check can pass and can fail."""

from dataclasses import replace
from itertools import chain

import pytest

from loadtest.measurement import AlertResult, Measurement
from loadtest.verdict import Verdict, judge
from tests.loadtest.runs import EVEN, HOT, measurement, phase, with_phase, with_window


def failed(measured: Measurement) -> tuple[Verdict, list[str]]:
    """The verdict and the names of the checks that did not hold."""
    verdict, checks = judge(measured)
    return verdict, [check.name for check in checks if not check.ok]


def test_the_story_as_it_should_go_passes() -> None:
    """80 % in the outage, 20 % after rebalancing, none at last, an alert that fires and ends."""
    assert failed(measurement()) == (Verdict.PASS, [])


def test_exit_codes() -> None:
    """0 pass, 1 fail, 3 invalid; 2 is left to a run that could not be made."""
    assert [verdict.exit_code for verdict in Verdict] == [0, 1, 3]


@pytest.mark.parametrize(
    ("measured", "name"),
    [
        (with_phase("outage", achieved=395), "outage: the load was really offered"),
        (with_phase("drain", achieved=0), "drain: the load was really offered"),
        (with_phase("verify", lag_p99=0.101), "logins left on time"),
        (with_phase("verify", lag_p99=float("nan")), "logins left on time"),
        (with_phase("baseline", judged=49), "enough logins to judge by"),
        (
            with_window("outage", attempts_at_balancer={"auth-1": 1}),
            "outage: attempts counted alike",
        ),
        (
            with_window("outage", attempts_at_balancer={**EVEN, "auth-9": 1}),
            "outage: attempts counted alike",
        ),
        (with_phase("verify", schedule=[0.0, 0.5]), "verify fired the outage's traffic again"),
        (with_phase("verify", schedule=[]), "verify fired the outage's traffic again"),
    ],
)
def test_a_spoiled_measurement_is_invalid(measured: Measurement, name: str) -> None:
    """What the generator or the counting did wrong is neither pass nor fail."""
    verdict, names = failed(measured)
    assert verdict is Verdict.INVALID
    assert names == [name]


@pytest.mark.parametrize(
    ("measured", "name"),
    [
        (with_phase("baseline", failing_share=0.02), "baseline: failing share"),
        (with_phase("outage", failing_share=0.86), "outage: failing share as forecast"),
        (with_phase("outage", failing_share=0.74), "outage: failing share as forecast"),
        (with_window("outage", expected_shares=EVEN), "outage: attempts spread as configured"),
        (with_phase("rebalance", failing_share=0.0), "rebalance: failing share"),
        (with_window("drain", reached=False), "drain: the backlog was worked off"),
        (with_phase("verify", failing_share=0.02), "verify: failing share"),
        (
            with_window("verify", attempts=HOT, attempts_at_balancer=HOT, expected_shares=HOT),
            "verify: attempts spread as configured",
        ),
    ],
)
def test_a_story_that_does_not_come_true_fails(measured: Measurement, name: str) -> None:
    """Each of these alone turns pass into fail; wrong shares do even if they were configured."""
    assert failed(measured) == (Verdict.FAIL, [name])


def test_a_fault_that_did_nothing_fails_and_says_so() -> None:
    """Even when the forecast said that nothing would happen, as for a weight of 2."""
    good = measurement()
    calm = phase("outage", 1, HOT, 0)
    phases = [calm if one.name == "outage" else one for one in good.phases]
    verdict, checks = judge(replace(good, phases=phases, forecast_failing=0.0, alerts=[]))
    wrong = {check.name: check for check in checks if not check.ok}
    assert verdict is Verdict.FAIL
    assert "the fault did nothing" in wrong["outage: the fault took hold"].measured
    assert "LoginFailureSpike fires" in wrong


def test_a_cure_left_out_fails() -> None:
    """The traffic of `verify` meets the fault: failing, uneven, and the alert goes on."""
    good = measurement()
    phases = [good.phase("baseline"), good.phase("outage"), phase("verify", 2, HOT, 80)]
    alert = AlertResult("LoginFailureSpike", 1029.0, None, 9.0, None, "outage")
    verdict, names = failed(replace(good, phases=phases, alerts=[alert], cured=False))
    assert verdict is Verdict.FAIL
    assert names == [
        "verify: failing share",
        "verify: attempts spread as configured",
        "LoginFailureSpike resolves",
    ]


@pytest.mark.parametrize(
    ("alerts", "names"),
    [
        ([], ["LoginFailureSpike fires", "LoginFailureSpike resolves"]),
        (
            [AlertResult("LoginFailureSpike", 1005.0, 1052.0, -15.0, 12.0, "baseline")],
            ["LoginFailureSpike fires"],
        ),
        (
            [AlertResult("LoginFailureSpike", 1045.0, 1052.0, 25.0, 12.0, "rebalance")],
            ["LoginFailureSpike fires"],
        ),
        (
            [AlertResult("LoginFailureSpike", 1029.0, None, 9.0, None, "outage")],
            ["LoginFailureSpike resolves"],
        ),
        (
            [AlertResult("LoginFailureSpike", 1029.0, 1035.0, 9.0, -5.0, "outage")],
            ["LoginFailureSpike resolves"],
        ),
    ],
)
def test_the_alert_must_fire_in_the_outage_and_resolve_after_the_cure(
    alerts: list[AlertResult], names: list[str]
) -> None:
    """Silent, too early, too late, never over, over before anything was cured: all fail."""
    assert failed(measurement(alerts=alerts)) == (Verdict.FAIL, names)


def test_invalid_wins_over_fail() -> None:
    """A disturbed measurement proves nothing, not even that the system is broken."""
    bad = with_phase("verify", failing_share=0.5, dropped=8, achieved=392)
    assert judge(bad)[0] is Verdict.INVALID


def test_a_phase_without_logins_is_no_reason_for_invalid() -> None:
    """A drain that ends at once offers nothing and loses nothing."""
    empty = with_phase("drain", achieved=0, lag_p99=float("nan"))
    phases = [
        replace(one, window=replace(one.window, offered=0)) if one.name == "drain" else one
        for one in empty.phases
    ]
    assert failed(replace(empty, phases=phases)) == (Verdict.PASS, [])


def test_every_check_has_a_name_of_its_own() -> None:
    """CI systems tell test cases apart by their names."""
    names = [check.name for check in judge(measurement())[1]]
    assert len(names) == len(set(names))
    assert all(chain.from_iterable((c.expected, c.measured) for c in judge(measurement())[1]))
