"""The decisions about hash jobs, called as plain functions."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authsvc.hashing.admission import Admission, CreateBudget, Reason, queue_bound

LAB = Admission(slots=1, limit=9, hash_seconds=0.001, hold_seconds=0.1, drops_abandoned=True)


def test_the_lab_may_let_nine_wait() -> None:
    """The default bound is the formula's: 10 a second, 2 s patience, half of it for waiting."""
    assert queue_bound(capacity_per_second=10, deadline=2.0, service=0.1) == 9


def test_a_bound_is_never_less_than_one() -> None:
    """A hash nearly as long as the deadline still leaves room for one that waits."""
    assert queue_bound(capacity_per_second=0.5, deadline=2.0, service=1.99) == 1


@pytest.mark.parametrize(
    ("waiting", "idle", "admitted"), [(0, 0, True), (8, 0, True), (9, 0, False), (9, 1, True)]
)
def test_a_job_is_admitted_while_the_queue_has_room(
    waiting: int, idle: int, admitted: bool
) -> None:
    """Jobs that an idle slot is about to take do not count as waiting."""
    assert LAB.admits(waiting, idle) is admitted


def test_an_unbounded_queue_admits_everything() -> None:
    """The service of the outage never says no."""
    assert replace(LAB, limit=math.inf).admits(100_000, 0)


@pytest.mark.parametrize(("waiting", "seconds"), [(0, 1), (9, 1), (10, 1), (11, 2), (305, 31)])
def test_retry_after_is_the_time_until_what_waits_is_done(waiting: int, seconds: int) -> None:
    """Whole seconds, rounded up, and never zero, which would ask for a storm."""
    assert LAB.retry_after(waiting) == seconds


def test_capacity_counts_slots_and_the_longer_of_hash_and_hold() -> None:
    """Two slots do twice as much; a bcrypt slower than the hold sets the pace."""
    assert replace(LAB, slots=2).capacity_per_second == pytest.approx(20)
    assert replace(LAB, hash_seconds=0.25).capacity_per_second == pytest.approx(4)


def test_a_job_in_time_is_run() -> None:
    """It ends just at its deadline: that is still in time."""
    ends = LAB.ends_at(start=1.9, now=1.9)
    assert LAB.drop_reason(ends, deadline=2.0, client_gone=False) is None


def test_a_job_with_less_time_left_than_a_hash_takes_is_dropped() -> None:
    """Its answer would come too late for anybody."""
    ends = LAB.ends_at(start=1.91, now=1.91)
    assert LAB.drop_reason(ends, deadline=2.0, client_gone=False) is Reason.DEADLINE


def test_a_job_whose_client_has_gone_is_dropped() -> None:
    """However much time is left."""
    assert LAB.drop_reason(0.1, deadline=2.0, client_gone=True) is Reason.CLIENT_GONE


def test_abandoned_work_is_done_if_so_asked() -> None:
    """The service of the story never looks whether anybody waits."""
    story = replace(LAB, drops_abandoned=False)
    assert story.drop_reason(99.0, deadline=2.0, client_gone=True) is None


def test_without_emulation_a_slot_starts_now() -> None:
    """Nothing is caught up with: bcrypt takes what it takes."""
    real = replace(LAB, hold_seconds=0.0)
    assert real.starts_at(now=5.0, slot_free_at=4.0, arrived=3.0) == 5.0


def test_a_slot_never_starts_before_its_job_arrived() -> None:
    """Idle time is lost, as on a real machine."""
    assert LAB.starts_at(now=5.01, slot_free_at=1.0, arrived=5.0) == 5.0


def test_catching_up_is_bounded_to_one_hold() -> None:
    """A process that was stopped for a minute does not answer a minute's logins at once."""
    assert LAB.starts_at(now=65.0, slot_free_at=5.0, arrived=4.0) == pytest.approx(64.9)


@given(st.integers(0, 2**32), st.floats(0.0, 0.09))
def test_late_wake_ups_do_not_lower_the_rate(seed: int, latest: float) -> None:
    """However late the loop wakes (by less than a hold), 200 queued jobs end after 20 s."""
    dice = random.Random(seed)
    free_at = 0.0
    for _ in range(200):
        woke = free_at + dice.uniform(0.0, latest)
        free_at = LAB.starts_at(woke, free_at, arrived=0.0) + LAB.hold_seconds
    assert free_at == pytest.approx(20.0)


def test_a_budget_gives_its_burst_at_once_and_then_its_rate() -> None:
    """Two now, then one each second, however long it was left alone."""
    budget = CreateBudget(per_second=1, burst=2)
    assert [budget.take(100) for _ in range(3)] == [True, True, False]
    assert budget.seconds_until(100.25) == pytest.approx(0.75)
    assert [budget.take(101), budget.take(101.5)] == [True, False]
    assert [budget.take(1e6) for _ in range(3)] == [True, True, False]


def test_renewing_leaves_the_last_token() -> None:
    """To somebody who waits for it."""
    budget = CreateBudget(per_second=1, burst=2)
    assert [budget.take(0, leave=1), budget.take(0, leave=1), budget.take(0)] == [True, False, True]


@given(st.lists(st.floats(0, 2), max_size=200), st.floats(0.1, 50), st.integers(1, 5))
def test_a_budget_never_gives_more_than_burst_and_rate(
    pauses: list[float], rate: float, burst: int
) -> None:
    """Whatever the order of the asking."""
    budget, now, taken = CreateBudget(rate, burst), 0.0, 0
    for pause in pauses:
        now += pause
        taken += budget.take(now)
    assert taken <= burst + rate * now + 1e-6


@pytest.mark.parametrize(
    ("capacity", "limit", "waiting"), [(10, 9, 1), (32, 31, 3), (10, math.inf, 1), (1, 1, 1)]
)
def test_passwords_to_make_may_fill_their_share_of_the_queue(
    capacity: float, limit: float, waiting: int
) -> None:
    """One at least."""
    rules = replace(LAB, hold_seconds=1 / capacity, limit=limit)
    assert rules.creates_waiting == waiting


def test_retry_after_tells_also_when_the_budget_is_there_again() -> None:
    """Whichever is later."""
    assert LAB.retry_after(0, budget_seconds=2.1) == 3
