"""Peak EWMA: who should answer sooner."""

from collections import Counter
from math import e

import pytest

from balancer.core.algorithms.peak_ewma import DECAY, PENALTY, PeakEwma
from tests.balancer.core.endpoints import build, endpoints


class Clock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_faster_of_two_is_picked() -> None:
    """With nothing in flight, the one that answered sooner."""
    pool = endpoints(1, 1)
    clock = Clock()
    picker = build(PeakEwma, pool, clock=clock)
    picker.observe(pool[0], 0.2, False, clock.now)
    picker.observe(pool[1], 0.1, False, clock.now)

    assert {picker.pick(b"").name for _ in range(50)} == {"b"}


def test_latency_counts_as_much_as_load() -> None:
    """Twice as slow is as bad as twice as busy: at 0.1 s three in flight equal one at 0.2 s."""
    pool = endpoints(1, 1)
    clock = Clock()
    picker = build(PeakEwma, pool, clock=clock)
    picker.observe(pool[0], 0.2, False, clock.now)
    picker.observe(pool[1], 0.1, False, clock.now)

    pool[1].load.in_flight = 2
    assert {picker.pick(b"").name for _ in range(50)} == {"a"}
    pool[0].load.in_flight = 1
    assert {picker.pick(b"").name for _ in range(50)} == {"b"}


def test_a_heavier_endpoint_bears_more() -> None:
    """Of two as fast, weight 4 with three in flight is better off than weight 1 with one."""
    pool = endpoints(4, 1)
    clock = Clock()
    picker = build(PeakEwma, pool, clock=clock)
    for one in pool:
        picker.observe(one, 0.1, False, clock.now)

    pool[0].load.in_flight, pool[1].load.in_flight = 3, 1
    assert {picker.pick(b"").name for _ in range(50)} == {"a"}


def test_a_peak_counts_at_once_and_fades_by_time() -> None:
    """One slow answer is enough; ten seconds later 1/e of it is left."""
    (one,) = pool = endpoints(1)
    picker = build(PeakEwma, pool)

    picker.observe(one, 0.1, False, 100.0)
    picker.observe(one, 2.0, False, 100.0)
    assert one.load.cost == 2.0
    picker.observe(one, 0.0, False, 100.0 + DECAY)
    assert one.load.cost == pytest.approx(2.0 / e)
    picker.observe(one, 0.5, False, 100.0 + 2 * DECAY)
    assert one.load.cost == pytest.approx(2.0 / e**2 + 0.5 * (1 - 1 / e))


def test_what_fails_fast_attracts_nothing() -> None:
    """An endpoint that fails in a millisecond is not the fastest: it looks five seconds slow."""
    pool = endpoints(1, 1, 1, 1, 1)
    clock = Clock()
    picker = build(PeakEwma, pool, clock=clock)

    picked = Counter[str]()
    for _ in range(2000):  # one at a time, so load plays no part
        clock.now += 0.01
        endpoint = picker.pick(b"")
        picked[endpoint.name] += 1
        failing = endpoint is pool[2]
        picker.observe(endpoint, 0.001 if failing else 0.1, failing, clock.now)

    assert pool[2].load.cost > PENALTY / e**2
    assert picked["c"] == 1


def test_what_failed_is_tried_again() -> None:
    """The penalty fades, so an endpoint that works again gets traffic again."""
    pool = endpoints(1, 1)
    clock = Clock()
    picker = build(PeakEwma, pool, clock=clock)
    picker.observe(pool[0], 0.001, True, clock.now)

    picked = []
    while "a" not in picked:
        clock.now += 0.1
        endpoint = picker.pick(b"")
        picker.observe(endpoint, 0.1, False, clock.now)
        picked.append(endpoint.name)

    assert 30 < len(picked) * 0.1 < 50


def test_an_endpoint_without_history_is_tried_by_one_attempt() -> None:
    """A new one is asked first, and until it has answered nobody else is sent there."""
    pool = endpoints(1, 1)
    clock = Clock()
    picker = build(PeakEwma, pool, clock=clock)
    picker.observe(pool[0], 0.1, False, clock.now)

    assert picker.pick(b"").name == "b"
    pool[1].load.in_flight = 1
    assert {picker.pick(b"").name for _ in range(50)} == {"a"}


def test_what_was_learnt_outlives_the_algorithm() -> None:
    """An endpoint elsewhere flips, the algorithm is built anew, and still knows who is slow."""
    pool = endpoints(1, 1)
    clock = Clock()
    before = build(PeakEwma, pool, clock=clock)
    before.observe(pool[0], 0.3, False, clock.now)
    before.observe(pool[1], 0.1, False, clock.now)

    assert {build(PeakEwma, pool, clock=clock).pick(b"").name for _ in range(9)} == {"b"}


def test_a_clock_that_stands_or_goes_back_does_no_harm() -> None:
    """Costs do not grow from it."""
    (one,) = pool = endpoints(1)
    picker = build(PeakEwma, pool)
    picker.observe(one, 0.3, False, 100.0)

    picker.observe(one, 0.1, False, 99.0)

    assert one.load.cost == 0.3
