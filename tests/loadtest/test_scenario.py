"""The catalogue, the settings, and the flagship's changes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.catalogue import UnknownScenario, catalogue, find, main
from loadtest.scenario import Config, Scenario, edit_endpoint
from loadtest.scenarios.weight_units import SCENARIO, WeightUnits, failing_while_rebalanced
from loadtest.settings import BadSetting, Settings, fields_of, parse

every = pytest.mark.parametrize("scenario", list(catalogue().values()), ids=list(catalogue()))


def config() -> Config:
    names = [{"name": f"auth-{i}", "address": f"127.0.0.1:{9000 + i}"} for i in range(1, 6)]
    return {"listen": "127.0.0.1:1", "pools": [{"name": "auth", "endpoints": names}]}


def endpoint(changed: Config, name: str) -> dict[str, Any]:
    return next(one for one in changed["pools"][0]["endpoints"] if one["name"] == name)


@every
def test_the_fault_changes_the_configuration_and_the_cure_undoes_it(scenario: Scenario) -> None:
    """Applied in order, the changes break it, and leave what was healthy before."""
    settings = scenario.settings()
    running = good = edit_endpoint(config(), "auth-1", weight=1)
    assert scenario.fault(good, settings) != good
    for phase in scenario.phases:
        running = phase.change(running, settings) if phase.change else running
    assert running == good


@every
def test_changes_leave_their_argument_alone(scenario: Scenario) -> None:
    """They are pure, so a refused configuration is not half applied."""
    before = config()
    scenario.fault(before, scenario.settings())
    assert before == config()


@every
def test_each_phase_has_a_length_and_the_story_can_be_told(scenario: Scenario) -> None:
    """Every phase's length can be set; every name in the story exists."""
    settings = scenario.settings()
    assert all(settings.length(phase.name) > 0 for phase in scenario.phases)
    assert "{" not in scenario.tell(settings)


@every
def test_without_cure_the_fault_stays(scenario: Scenario) -> None:
    """Only the fault changes anything, and `verify` still comes last."""
    phases = scenario.without_cure()
    assert [phase.name for phase in phases] == ["baseline", "outage", "verify"]
    assert [phase.change for phase in phases] == [None, scenario.fault, None]
    assert phases[-1].failing is scenario.phases[-1].failing


def test_the_hot_endpoint_gets_the_wrong_weight() -> None:
    """The others are not touched."""
    changed = SCENARIO.fault(config(), WeightUnits(hot="auth-3", hot_weight=8))
    assert endpoint(changed, "auth-3")["weight"] == 8
    assert "weight" not in endpoint(changed, "auth-1")


def test_an_unknown_endpoint_is_named_with_those_there_are() -> None:
    """A message to act on."""
    with pytest.raises(ValueError, match=r"no endpoint 'auth-9'.*auth-1, auth-2"):
        edit_endpoint(config(), "auth-9", weight=2)


def test_an_endpoint_without_a_name_is_known_by_its_address() -> None:
    """As the balancer names it."""
    nameless = {"pools": [{"endpoints": [{"address": "127.0.0.1:9002"}]}]}
    changed = edit_endpoint(nameless, "127.0.0.1:9002", weight=3)
    assert changed["pools"][0]["endpoints"] == [{"address": "127.0.0.1:9002", "weight": 3}]


def test_a_misspelt_order_of_phases_is_refused() -> None:
    """Verdict and report rely on baseline, outage, …, verify."""
    with pytest.raises(ValueError, match="phases are baseline, outage"):
        Scenario("x", "x", "x", Settings, SCENARIO.phases[1:], ())


@pytest.mark.parametrize(
    ("settings", "low", "high"),
    [
        (WeightUnits(), 0.15, 0.25),
        (WeightUnits(hot_weight=64), 0.15, 0.25),
        (WeightUnits(hot_weight=2), 0.0, 0.05),
        (WeightUnits(safe=True), 0.0, 0.05),
        (WeightUnits(instances=4, rate=26.0), 0.2, 0.3),
    ],
)
def test_what_even_weights_alone_leave_failing(
    settings: WeightUnits, low: float, high: float
) -> None:
    """The hot endpoint's even share while its backlog lasts, and nothing without a backlog."""
    band = failing_while_rebalanced(settings)
    assert [band.low, band.high] == pytest.approx([low, high])


def test_settings_are_typed_and_set_by_name() -> None:
    """Whole numbers, numbers and words, each as its default is."""
    settings = parse(WeightUnits, ["hot_weight=8", "rate=40", "hot=auth-2"], safe=True)
    assert settings == WeightUnits(hot_weight=8, rate=40.0, hot="auth-2", safe=True)
    assert (settings.hash_queue, settings.abandoned) == (9, "drop")


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("hot_wieght=8", r"no such setting. Did you mean hot_weight\?"),
        ("nonsense=8", "There are: rate, patience"),
        ("hot_weight=heavy", "hot_weight is a whole number"),
        ("hot_weight=0", "at least 1"),
        ("rate=nan", "at least 0.1"),
        ("rate=inf", "at least 0.1"),
        ("hot_weight", "NAME=VALUE"),
        ("safe=1", "no such setting"),
    ],
)
def test_a_setting_that_cannot_be_used_says_what_would_do(assignment: str, message: str) -> None:
    """Unknown names come with the nearest one, values with type and bounds."""
    with pytest.raises(BadSetting, match=message):
        parse(WeightUnits, [assignment])


@given(st.floats(0.1, 1000))
def test_settling_takes_at_most_half_of_a_phase(seconds: float) -> None:
    """A short phase always leaves something to judge."""
    assert Settings().settle(seconds) == min(5.0, seconds / 2)


def test_an_unknown_scenario_is_answered_with_the_list() -> None:
    """And with the nearest name."""
    with pytest.raises(UnknownScenario, match=r"Did you mean weight-units\?.*There are: .*weight"):
        find("weight-unit")


def test_the_verb_lists_for_people_and_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each; all about one; JSON; and exit code 2 for a name that does not exist."""
    assert main([]) == 0
    assert "weight-units" in capsys.readouterr().out
    assert main(["weight-units"]) == 0
    assert "hot_weight" in capsys.readouterr().out
    assert main(["--json"]) == 0
    [flagship] = [
        one for one in json.loads(capsys.readouterr().out) if one["name"] == SCENARIO.name
    ]
    assert set(flagship["settings"]) == {one.name for one in fields_of(WeightUnits)}
    assert main(["nothing"]) == 2
    assert "weight-units" in capsys.readouterr().err
