"""The simulation against what can be worked out by hand."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.core.algorithms import ALGORITHMS
from balancer.core.endpoint import Endpoint
from balancer.core.pool import Pool
from balancer.forecast.simulate import Station, due_times, simulate
from balancer.forecast.traffic import Capacity, Traffic


def pool(*weights: int, algorithm: str = "round_robin") -> Pool:
    """Endpoints auth-1 … with these weights."""
    members = [
        Endpoint(f"auth-{i}", f"127.0.0.1:{9000 + i}", weight)
        for i, weight in enumerate(weights, start=1)
    ]
    return Pool("auth", algorithm, members, Random(1))


def mean_failing(one: Pool, traffic: Traffic) -> float:
    """The failing share over ten seeds."""
    return sum(simulate(one, traffic, Random(seed)).failing_share for seed in range(10)) / 10


@pytest.mark.parametrize(
    ("weight", "unbounded", "bounded"),
    [(1, 0.0, 0.0), (4, 0.50, 0.19), (8, 2 / 3, 0.355), (16, 0.80, 0.4875), (64, 0.94, 0.63)],
)
def test_the_postmortems_share_fails(weight: int, unbounded: float, bounded: float) -> None:
    """The hot one's whole share where abandoned work is done; only its excess where it is not.

    Five endpoints of 10 logins/s and 32 offered: weight 16 takes 80 % = 25.6/s. Unbounded, its
    queue is soon longer than anyone's patience. Bounded it serves 10/s: 15.6 of 32 are refused.
    """
    hot = pool(weight, 1, 1, 1, 1)
    story = Traffic(rate=32.0)
    safe = Traffic(rate=32.0, capacity=Capacity(queue=9, abandoned="drop"))

    assert mean_failing(hot, story) == pytest.approx(unbounded, abs=0.02)
    assert mean_failing(hot, safe) == pytest.approx(bounded, abs=0.02)


def test_a_slight_overload_needs_time_to_hurt() -> None:
    """Weight 2 overloads its endpoint by 7 %: within 20 s the queue is not yet 2 s long."""
    assert mean_failing(pool(2, 1, 1, 1, 1), Traffic(rate=32.0)) < 0.05


def test_least_requests_saves_the_day() -> None:
    """With equal weights and one endpoint's worth of traffic each, nobody fails."""
    assert mean_failing(pool(1, 1, 1, 1, 1, algorithm="least_requests"), Traffic(rate=45.0)) < 0.01


def test_an_algorithm_that_learns_is_told_what_happened() -> None:
    """Peak EWMA finds out in the model, as in life, that 4 of 8 shares are too many for one."""
    traffic = Traffic(rate=32.0)

    told = mean_failing(pool(4, 1, 1, 1, 1, algorithm="peak_ewma"), traffic)

    assert told < mean_failing(pool(4, 1, 1, 1, 1), traffic) / 4


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_can_be_forecast(algorithm: str) -> None:
    """All of the traffic is accounted for."""
    run = simulate(pool(1, 1, 1, algorithm=algorithm), Traffic(rate=10.0), Random(1))

    attempts = sum(tally.attempts for tally in run.tallies.values())
    assert attempts > 150  # twenty seconds
    assert run.unpicked.attempts == 0


def test_a_pool_without_an_endpoint_fails_everybody() -> None:
    """All drained: no endpoint is picked, so no login succeeds."""
    empty = Pool("auth", "round_robin", [Endpoint("a", "h:1", state="drain")], Random(1))

    run = simulate(empty, Traffic(rate=10.0), Random(1))

    assert run.failing_share == 1.0
    assert run.tallies["a"].attempts == 0


def test_the_live_counters_are_left_alone() -> None:
    """The pool may be the one that balances right now."""
    live = pool(1, 1)
    live.endpoints[0].load.in_flight = 3

    simulate(live, Traffic(rate=10.0), Random(1))

    assert [one.load.in_flight for one in live.endpoints] == [3, 0]


@given(seed=st.integers(0, 10_000))
def test_the_same_seed_is_the_same_run(seed: int) -> None:
    """A forecast can be repeated to the last login."""
    traffic = Traffic(rate=20.0, duration=8.0)

    runs = [simulate(pool(3, 1, algorithm="p2c"), traffic, Random(seed)) for _ in range(2)]

    assert runs[0] == runs[1]


@given(rate=st.floats(1, 50), seed=st.integers(0, 1000))
def test_arrivals_come_in_order_within_the_duration(rate: float, seed: int) -> None:
    """Poisson arrivals rise, and none is due at or after the end."""
    traffic = Traffic(rate=rate, duration=10.0)

    due = list(due_times(traffic, Random(seed)))

    assert due == sorted(due)
    assert all(0 < moment < 10 for moment in due)


def test_a_slot_serves_one_after_the_other() -> None:
    """Three logins at once through one slot of 100 ms: 0.1, 0.2 and 0.3 s."""
    station = Station(Capacity(slots=1, hash_seconds=0.1))

    answers = [station.answer_at(0.0, patience=2.0) for _ in range(3)]

    assert answers == [(0.1, True), (0.2, True), (pytest.approx(0.3), True)]


def test_a_full_queue_refuses_at_once() -> None:
    """One is served, two wait, the fourth is turned away without delay."""
    station = Station(Capacity(slots=1, hash_seconds=0.1, queue=2))

    answers = [station.answer_at(0.0, patience=2.0) for _ in range(4)]

    assert answers[3] == (0.0, False)


def test_dropped_work_takes_no_slot() -> None:
    """A login that could not be done within its client's patience costs the next one nothing."""
    station = Station(Capacity(slots=1, hash_seconds=1.0, abandoned="drop"))
    station.answer_at(0.0, patience=2.0)
    station.answer_at(0.0, patience=2.0)

    hopeless = station.answer_at(0.0, patience=2.0)

    assert hopeless == (2.0, False)
    assert station.answer_at(1.5, patience=2.0) == (3.0, True)
