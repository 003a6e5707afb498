"""What every algorithm must do; a new one is tested before it has a test of its own."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balancer.core.algorithms import ALGORITHMS, DEFAULT_ALGORITHM, Algorithm
from balancer.core.endpoint import Endpoint
from tests.balancer.core.endpoints import build, endpoints

WEIGHTS = st.lists(st.integers(1, 20), min_size=1, max_size=9)

SEVERAL = ("source_hash", "ring_hash", "maglev", "rendezvous", "bounded_hash")
"""Those that go by the key."""

CONSISTENT = ("ring_hash", "rendezvous", "bounded_hash")
"""Those that promise that only the keys of an endpoint that goes are moved."""


@pytest.fixture(params=ALGORITHMS.values(), ids=list(ALGORITHMS))
def algorithm(request: pytest.FixtureRequest) -> type[Algorithm]:
    """Every algorithm in turn."""
    chosen: type[Algorithm] = request.param
    return chosen


def key(number: int) -> bytes:
    """A client address in a /24 of its own."""
    return bytes([10, number // 256 % 256, number % 256, 1])


def standing(chosen: type[Algorithm], pool: Sequence[Endpoint], attempts: int) -> list[float]:
    """The share of each endpoint after so many attempts of many clients, none of which ended."""
    picker = build(chosen, pool)
    for number in range(attempts):
        picker.pick(key(number)).load.in_flight += 1
    return [one.load.in_flight / attempts for one in pool]


def owners(name: str, pool: Sequence[Endpoint], keys: int = 2000) -> list[str]:
    """Who gets each key while nothing is in flight."""
    picker = build(ALGORITHMS[name], pool)
    return [picker.pick(key(number)).name for number in range(keys)]


@pytest.mark.parametrize("name", ALGORITHMS)
@settings(max_examples=25)
@given(
    weights=WEIGHTS, seed=st.integers(0, 99), of_client=st.binary(max_size=40), data=st.data()
)  # fmt: skip
def test_picks_one_of_its_own(
    name: str, weights: list[int], seed: int, of_client: bytes, data: st.DataObject
) -> None:
    """Whatever the weights, the dice, the load and the key, it is one of the endpoints given."""
    pool = endpoints(*weights)
    for one in pool:
        one.load.in_flight = data.draw(st.integers(0, 50))

    picker = build(ALGORITHMS[name], pool, seed=seed)

    assert all(picker.pick(of_client) in pool for _ in range(3))


@pytest.mark.parametrize("name", ALGORITHMS)
@settings(max_examples=25)
@given(weights=WEIGHTS)
def test_shares_are_those_of_a_whole(name: str, weights: list[int]) -> None:
    """One share for each endpoint, none negative, 1 in all."""
    shares = ALGORITHMS[name].shares(endpoints(*weights))

    assert len(shares) == len(weights)
    assert min(shares) >= 0
    assert sum(shares) == pytest.approx(1)


def test_gives_the_shares_that_it_tells(algorithm: type[Algorithm]) -> None:
    """Over many attempts that stay in flight, each endpoint has its expected share of them."""
    pool = endpoints(1, 2, 5)

    assert standing(algorithm, pool, 8000) == pytest.approx(algorithm.shares(pool), abs=0.02)


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if name != "first"])
def test_shares_follow_the_weights(name: str) -> None:
    """What it tells is within an eighth of the weights, for all that share out at all."""
    shares = ALGORITHMS[name].shares(endpoints(1, 2, 5, 8))

    assert shares == pytest.approx([1 / 16, 2 / 16, 5 / 16, 8 / 16], rel=1 / 8)


def test_starves_nobody(algorithm: type[Algorithm]) -> None:
    """Over many clients, under load, every endpoint that is meant to get some does."""
    pool = endpoints(1, 20, 3, 4)

    got = standing(algorithm, pool, 2000)

    meant = algorithm.shares(pool)
    assert [share > 0 for share in got] == [share > 0 for share in meant]


def test_the_same_dice_make_the_same_picks(algorithm: type[Algorithm]) -> None:
    """A run can be repeated from its seed: nothing else is chance."""
    runs = []
    for _ in range(2):
        pool = endpoints(3, 1, 2)
        picker = build(algorithm, pool, seed=7)
        names = []
        for number in range(300):
            picked = picker.pick(key(number))
            picked.load.in_flight += 1
            names.append(picked.name)
        runs.append(names)

    assert runs[0] == runs[1]


def test_survives_a_single_endpoint(algorithm: type[Algorithm]) -> None:
    """A pool of one always answers with that one."""
    (only,) = pool = endpoints(3)
    picker = build(algorithm, pool)

    assert {picker.pick(key(number)) for number in range(9)} == {only}


@pytest.mark.parametrize("name", SEVERAL)
def test_a_key_stays_with_its_endpoint(name: str) -> None:
    """The same key is always sent to the same endpoint, by another balancer too."""
    assert owners(name, endpoints(2, 1, 1, 4)) == owners(name, endpoints(2, 1, 1, 4))


@pytest.mark.parametrize("name", [*CONSISTENT, "maglev"])
def test_the_order_of_the_file_does_not_matter(name: str) -> None:
    """Two balancers whose files list the same endpoints differently agree on every key."""
    pool = endpoints(2, 1, 1, 4)

    assert owners(name, pool) == owners(name, pool[::-1])


@pytest.mark.parametrize("name", CONSISTENT)
@settings(max_examples=15)
@given(weights=st.lists(st.integers(1, 9), min_size=2, max_size=8), data=st.data())
def test_an_endpoint_that_goes_takes_only_its_keys(
    name: str, weights: list[int], data: st.DataObject
) -> None:
    """All keys of the others stay where they are; with the way back, that one comes anew too."""
    pool = endpoints(*weights)
    gone = data.draw(st.sampled_from(pool))
    left = [one for one in pool if one is not gone]

    moved = zip(owners(name, pool, 400), owners(name, left, 400), strict=True)

    assert all(after == before for before, after in moved if before != gone.name)


def test_maglev_disturbs_few_others() -> None:
    """Maglev is nearly consistent: with one of eight gone, under 5 % of the others' keys move."""
    pool = endpoints(*[1] * 8)

    before, after = owners("maglev", pool), owners("maglev", pool[:-1])

    others = [(one, then) for one, then in zip(before, after, strict=True) if one != "h"]
    assert 0 < sum(one != then for one, then in others) < 0.05 * len(others)


def test_source_hash_moves_most() -> None:
    """nginx's ip_hash is no consistent hash: with one of eight gone, most clients move."""
    pool = endpoints(*[1] * 8)

    before, after = owners("source_hash", pool), owners("source_hash", pool[:-1])

    others = [(one, then) for one, then in zip(before, after, strict=True) if one != "h"]
    assert sum(one != then for one, then in others) > 0.5 * len(others)


def test_the_default_is_in_the_table() -> None:
    """A pool that names no algorithm gets one that exists."""
    assert DEFAULT_ALGORITHM in ALGORITHMS
