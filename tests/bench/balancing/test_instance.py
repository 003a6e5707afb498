"""Emulated capacity: slots, a queue, and one endpoint that is unlike the others."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bench.balancing.conditions import CONDITIONS, LIKE_THE_OTHERS, Temper
from bench.balancing.instance import SERVICE, SLOTS, Instance


@dataclass
class Asker:
    """Somebody who waits for an answer."""

    gone: bool = False
    answers: list[int] = field(default_factory=list)

    def answer(self, status: int) -> None:
        self.answers.append(status)


class Timer:
    """Keeps what is to be called, and calls it when a test says so."""

    def __init__(self) -> None:
        self.pending: list[tuple[float, Callable[[], None]]] = []

    def __call__(self, seconds: float, what: Callable[[], None]) -> None:
        self.pending.append((seconds, what))

    def ring(self) -> None:
        """The time of the first has come."""
        self.pending.pop(0)[1]()


def test_the_queue_is_served_in_its_order_by_so_many_slots() -> None:
    """One more than there are slots waits until a slot is free."""
    timer, askers = Timer(), [Asker() for _ in range(SLOTS + 1)]
    instance = Instance(LIKE_THE_OTHERS, timer)

    for asker in askers:
        instance.take(asker, 1.0)
    begun = len(timer.pending)
    timer.ring()

    assert begun == SLOTS
    assert [asker.answers for asker in askers] == [[201], *[[]] * SLOTS]
    assert len(timer.pending) == SLOTS


def test_work_and_temper_decide_how_long_a_slot_is_held() -> None:
    """One and a half times the work, at an endpoint ten times slower."""
    timer = Timer()

    Instance(Temper(slower=10), timer).take(Asker(), 1.5)

    assert timer.pending[0][0] == pytest.approx(SERVICE * 15)


def test_who_has_left_the_queue_takes_no_slot() -> None:
    """As in authsvc with `--abandoned drop`."""
    timer, left, stays = Timer(), Asker(), Asker()
    instance = Instance(LIKE_THE_OTHERS, timer)
    for asker in (*(Asker() for _ in range(SLOTS)), left, stays):
        instance.take(asker, 1.0)

    left.gone = True
    for _ in range(SLOTS + 1):
        timer.ring()

    assert (left.answers, stays.answers) == ([], [201])


def test_a_sinkhole_answers_at_once_and_counts_what_it_swallows() -> None:
    """No slot, no queue: that is what makes it look idle."""
    timer, asker = Timer(), Asker()
    instance = Instance(CONDITIONS["sinkhole"].odd, timer)

    instance.take(asker, 1.0)

    assert (asker.answers, timer.pending, instance.taken) == ([500], [], 1)


def test_a_cold_endpoint_warms_with_each_request() -> None:
    """Twenty times slower at first, never slower than before, then as fast as the others."""
    cold = CONDITIONS["cold"].odd

    slowness = [cold.slowness(served) for served in range(cold.cold + 5)]

    assert slowness[0] == 20
    assert slowness == sorted(slowness, reverse=True)
    assert slowness[cold.cold :] == [1.0] * 5
