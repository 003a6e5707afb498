"""The shipped rules, compressed by 30, over the flagship outage: who fires, and when."""

from pathlib import Path

import pytest

from monitor.alerting import Transition
from monitor.compression import compress_duration, compress_group
from monitor.rulefile import load_rules
from monitor.store import Store
from monitor.watch import Watch
from tests.monitor.outage import DRAINED, EVEN, HOT, Ledger, Phase, feed, snapshot, weight_units

ALERTS = Path(__file__).parents[2] / "ops" / "alerts"
FAULT, REBALANCE, DRAIN, END = 20, 40, 50, 90
FLAGSHIP = [Phase(0, EVEN), Phase(FAULT, HOT), Phase(REBALANCE, EVEN), Phase(DRAIN, DRAINED)]


def watch_it(ledger: Ledger, end: int = END) -> list[Transition]:
    """Scrape at every second, evaluate every group 0.1 s later."""
    store = Store(retention_ms=60_000, max_samples=100_000)
    groups = [compress_group(group, 30) for group in load_rules(ALERTS)]
    watch = Watch([], groups, store, compress_duration(300_000, 30))
    for second in range(end):
        feed(store, snapshot(ledger, second), second * 1000)
        for group in groups:
            watch.evaluate(group.name, second * 1000 + 100)
    return list(watch.transitions)


def moments(transitions: list[Transition], alert: str, to: str) -> list[float]:
    return [t.at_ms / 1000 for t in transitions if t.alert.rule == alert and t.to_state == to]


@pytest.fixture(scope="module", params=[1, 2, 3])
def outage(request: pytest.FixtureRequest) -> list[Transition]:
    return watch_it(weight_units(FLAGSHIP, END, seed=request.param))


def test_the_spike_fires_once_within_ten_seconds_of_the_fault(outage: list[Transition]) -> None:
    """Failures begin about 3.5 s after the fault (the queue must grow first); `for` adds 3 s."""
    [fired] = moments(outage, "LoginFailureSpike", "firing")

    assert FAULT + 6 <= fired <= FAULT + 10


def test_the_spike_resolves_within_fifteen_seconds_of_the_cure(outage: list[Transition]) -> None:
    """The cure is the drain: while only the weights are even, the hot queue still fails a fifth."""
    [resolved] = moments(outage, "LoginFailureSpike", "inactive")

    assert DRAIN + 5 <= resolved <= DRAIN + 15


def test_the_saturated_endpoint_is_named_before_the_spike(outage: list[Transition]) -> None:
    """The alert that points at the cause comes first, and for the hot instance only."""
    fired = [t for t in outage if t.alert.rule == "EndpointSaturated" and t.to_state == "firing"]

    assert [dict(t.alert.labels)["instance"] for t in fired] == ["auth-1"]
    assert fired[0].at_ms / 1000 <= moments(outage, "LoginFailureSpike", "firing")[0]


def test_the_long_queue_ends_only_when_the_backlog_is_gone(outage: list[Transition]) -> None:
    """It is what tells the operator when the drained instance may come back."""
    hot = [t for t in outage if dict(t.alert.labels).get("instance") == "auth-1"]

    assert len(moments(hot, "HashQueueLong", "firing")) == 1
    [resolved] = moments(hot, "HashQueueLong", "inactive")
    assert resolved > moments(outage, "LoginFailureSpike", "inactive")[0]


def test_a_bounded_queue_gives_the_same_alerts() -> None:
    """With the safe defaults the queue never exceeds 9, and logins fail by 503 instead."""
    ledger = weight_units([Phase(0, EVEN), Phase(FAULT, HOT), Phase(REBALANCE, EVEN)], 70, bound=9)
    transitions = watch_it(ledger, 70)

    for alert in ("LoginFailureSpike", "EndpointSaturated", "HashQueueLong"):
        [fired] = moments(transitions, alert, "firing")
        [resolved] = moments(transitions, alert, "inactive")
        assert FAULT < fired <= FAULT + 10
        assert REBALANCE < resolved <= REBALANCE + 15


def test_a_quiet_baseline_fires_nothing_but_the_watchdog() -> None:
    """Two lab minutes (one production hour) at 64 % load, evenly spread."""
    transitions = watch_it(weight_units([Phase(0, EVEN)], 120, seed=7), 120)

    assert {t.alert.rule for t in transitions if t.to_state == "firing"} == {"Watchdog"}


def test_one_hot_spot_too_small_to_hurt_fires_nothing() -> None:
    """At weight 1.2 the endpoint stays under its capacity: no alert may cry wolf."""
    slightly = EVEN | {"auth-1": 1.2}
    transitions = watch_it(weight_units([Phase(0, slightly)], 60, seed=3), 60)

    assert {t.alert.rule for t in transitions if t.to_state == "firing"} == {"Watchdog"}


def test_many_wrong_passwords_are_no_outage() -> None:
    """401 is an answer: a wave of them must not page anybody."""
    store = Store(60_000, 100_000)
    groups = [compress_group(group, 30) for group in load_rules(ALERTS)]
    watch = Watch([], groups, store, 10_000)
    request = (("__name__", "lb_requests_total"), ("code", "401"), ("outcome", "ok"), ("pool", "a"))

    for second in range(40):
        feed(store, {request: 30.0 * second}, second * 1000)
        for group in groups:
            watch.evaluate(group.name, second * 1000 + 100)

    assert {t.alert.rule for t in watch.transitions} == {"Watchdog"}


def test_a_total_outage_from_the_first_second_fires() -> None:
    """No good answer ever, so no series of good answers either: the share must still exist."""
    store = Store(60_000, 100_000)
    groups = [compress_group(group, 30) for group in load_rules(ALERTS)]
    watch = Watch([], groups, store, 10_000)
    refused = (
        ("__name__", "lb_requests_total"), ("code", "503"), ("outcome", "no_endpoint"),
        ("pool", "a"),
    )  # fmt: skip

    for second in range(10):
        feed(store, {refused: 30.0 * second}, second * 1000)
        for group in groups:
            watch.evaluate(group.name, second * 1000 + 100)

    assert len(moments(list(watch.transitions), "LoginFailureSpike", "firing")) == 1
