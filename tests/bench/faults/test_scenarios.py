"""The timelines: what is done, when, and what we aim for."""

from dataclasses import replace
from itertools import pairwise

import pytest

from bench.faults.scenarios import INSTANCES, KILLED, SCENARIOS, Scenario, reloads
from tests.bench.faults.records import tally


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_steps_come_in_order_while_requests_arrive(scenario: Scenario) -> None:
    """A step after the last request would show nothing; one out of order would come late."""
    times = [step.at for step in scenario.steps]

    assert times == sorted(times)
    assert times[0] >= 0.5
    assert times[-1] < scenario.seconds


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_nobody_is_thawed_who_was_not_frozen(scenario: Scenario) -> None:
    """Each instance goes through kill and start, or freeze and thaw, in that order."""
    before = {"start": "kill", "thaw": "freeze"}
    for n in range(1, INSTANCES + 1):
        acts = [step.act for step in scenario.steps if step.instance == n]

        for first, second in pairwise(["", *acts]):
            assert before.get(second, "") in ("", first)
        assert "freeze" not in acts[-1:], "a frozen instance could not be stopped in order"


def test_reloads_are_even() -> None:
    """100 in 10 s: one each 100 ms."""
    steps = reloads(100, 10.0, keep_alive=True).steps

    assert len(steps) == 100
    assert {round(b.at - a.at, 6) for a, b in pairwise(steps)} == {0.1}


def test_the_rolling_kill_reaches_every_instance() -> None:
    """One after another, each started again before the next is killed."""
    steps = SCENARIOS["rolling-kill"].steps

    assert [step.instance for step in steps if step.act == "kill"] == [1, 2, 3, 4]
    assert [step.act for step in steps] == ["kill", "start"] * INSTANCES


def test_aims_tell_a_loss_from_none() -> None:
    """An aim that nothing could miss would be no aim."""
    aims = {aim.text: aim for scenario in SCENARIOS.values() for aim in scenario.aims}
    clean, bad = tally(), tally(("GET", "cut"), ("POST", "cut"))

    assert all(aim.met(clean) for aim in aims.values())
    missed = {text for text, aim in aims.items() if not aim.met(bad)}
    assert missed == {
        "0 lost",
        "0 GET lost",
        "POST lost at most what was in flight there",
        "no POST lost needlessly",
    }
    late = replace(clean, p99_ms=2050.0, post_twice=1)
    assert {text for text, aim in aims.items() if not aim.met(late)} == {
        "no POST executed twice",
        "p99 below the read deadline + 50 ms",
    }


def test_a_post_in_flight_where_an_instance_died_may_be_lost() -> None:
    """As many as were begun there and never ended, and not one more."""
    (aim,) = (aim for aim in KILLED if "in flight" in aim.text)

    assert aim.met(replace(tally(), post_lost=2, post_in_flight=2))
    assert not aim.met(replace(tally(), post_lost=3, post_in_flight=2))
