"""What every algorithm must do; a new one is tested before it has a test of its own."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.core.algorithms import ALGORITHMS, DEFAULT_ALGORITHM, Algorithm
from tests.balancer.core.endpoints import endpoints

WEIGHTS = st.lists(st.integers(1, 20), min_size=1, max_size=12)


@pytest.fixture(params=ALGORITHMS.values(), ids=list(ALGORITHMS))
def algorithm(request: pytest.FixtureRequest) -> type[Algorithm]:
    """Every algorithm in turn."""
    chosen: type[Algorithm] = request.param
    return chosen


def key(number: int) -> bytes:
    """A client address in a /24 of its own."""
    return bytes([10, number // 256 % 256, number % 256, 1])


@given(weights=WEIGHTS, seed=st.integers(0, 99), number=st.integers(0, 65535))
def test_picks_one_of_its_own(weights: list[int], seed: int, number: int) -> None:
    """Whatever the weights, the dice and the key, the pick is one of the endpoints given."""
    pool = endpoints(*weights)

    for algorithm in ALGORITHMS.values():
        assert algorithm(pool, Random(seed)).pick(key(number)) in pool


def test_starves_nobody(algorithm: type[Algorithm]) -> None:
    """Over many clients, under load, every endpoint is picked, the lightest too."""
    pool = endpoints(1, 2, 3, 4)
    picker = algorithm(pool, Random(1))

    for number in range(2000):
        picker.pick(key(number)).load.in_flight += 1

    assert min(one.load.in_flight for one in pool) > 0


def test_shares_follow_the_weights(algorithm: type[Algorithm]) -> None:
    """Over many attempts that stay in flight, each endpoint has its weight's share of them."""
    pool = endpoints(1, 2, 5)
    picker = algorithm(pool, Random(1))

    for number in range(8000):
        picker.pick(key(number)).load.in_flight += 1

    for one in pool:
        assert one.load.in_flight / 8000 == pytest.approx(one.weight / 8, abs=0.03)


def test_survives_a_single_endpoint(algorithm: type[Algorithm]) -> None:
    """A pool of one always answers with that one."""
    (only,) = pool = endpoints(3)

    assert algorithm(pool, Random(1)).pick(key(7)) is only


def test_the_default_is_in_the_table() -> None:
    """A pool that names no algorithm gets one that exists."""
    assert DEFAULT_ALGORITHM in ALGORITHMS
