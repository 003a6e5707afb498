"""Pools: who is ready, who is picked."""

from random import Random

import pytest

from balancer.core.algorithms import ALGORITHMS
from balancer.core.endpoint import Endpoint
from balancer.core.pool import Pool
from tests.balancer.core.endpoints import endpoints


def pool(*members: Endpoint, algorithm: str = "round_robin") -> Pool:
    """A pool of these endpoints."""
    return Pool("auth", algorithm, members, Random(1))


def test_leaves_out_the_drained_and_the_weightless() -> None:
    """A drained endpoint and one of weight 0 get no new attempts."""
    one = pool(
        Endpoint("a", "h:1"), Endpoint("b", "h:2", state="drain"), Endpoint("c", "h:3", weight=0)
    )

    picks = {picked.name for _ in range(9) if (picked := one.pick(b"")) is not None}

    assert picks == {"a"}


def test_an_endpoint_that_went_down_is_not_picked_until_it_is_up_again() -> None:
    """Health takes effect at `refresh`, in both directions."""
    members = endpoints(1, 1)
    one = pool(*members)

    members[0].health.up = False
    one.refresh()
    while_down = {picked.name for _ in range(5) if (picked := one.pick(b"")) is not None}
    members[0].health.up = True
    one.refresh()
    after = {picked.name for _ in range(5) if (picked := one.pick(b"")) is not None}

    assert (while_down, after) == ({"b"}, {"a", "b"})


def test_nobody_ready_is_none() -> None:
    """With all endpoints drained there is nothing to pick."""
    assert pool(Endpoint("a", "h:1", state="drain")).pick(b"") is None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_tried_endpoint_is_never_picked_again(algorithm: str) -> None:
    """A second attempt of one exchange goes elsewhere, whatever the algorithm, or nowhere."""
    members = endpoints(9, 1, 1)
    one = pool(*members, algorithm=algorithm)

    second = {picked.name for _ in range(50) if (picked := one.pick(b"\x0a\0\0\1", members[:1]))}

    assert "a" not in second
    assert one.pick(b"\x0a\0\0\1", members) is None


def test_a_table_that_takes_long_to_lay_is_laid_little_by_little() -> None:
    """After a flip the old one goes on: who is down is not picked, nobody else's keys move."""
    members = endpoints(1, 2, 3, 4)
    keys = [str(i).encode() for i in range(500)]
    one = pool(*members, algorithm="maglev")
    before = [one.pick(key) for key in keys]

    members[3].health.up = False
    one.refresh()
    behind, meanwhile = one.behind, [one.pick(key) for key in keys]
    slices = 1
    while not one.build_on(0.0):  # the clock stands still, so that each slice is one step
        slices += 1

    others = [i for i, owner in enumerate(before) if owner is not members[3]]
    assert behind
    assert members[3] not in meanwhile
    assert [meanwhile[i] for i in others] == [before[i] for i in others]
    assert slices > 100
    assert not one.behind
    fresh = pool(*members, algorithm="maglev")
    assert [one.pick(key) for key in keys] == [fresh.pick(key) for key in keys]


def test_while_a_table_is_laid_nobody_is_picked_who_is_down() -> None:
    """Neither the only one that the old table knows, nor the last one, whatever else happens."""
    members = endpoints(5, 6, 7)
    one = pool(*members, algorithm="maglev")

    members[0].health.up = False
    one.refresh()
    one.build_on(0.0)
    members[1].health.up = False
    one.refresh()
    behind, left = one.behind, {one.pick(str(i).encode()) for i in range(50)}
    members[2].health.up = False
    one.refresh()

    assert behind
    assert left == {members[2]}
    assert one.pick(b"") is None
    assert one.build_on(0.0)


def test_expected_shares_are_the_weights_of_those_that_take_traffic() -> None:
    """16 against four times 1 is 80 %; a drained endpoint expects nothing and frees its share."""
    hot = pool(*endpoints(16, 1, 1, 1, 1))
    drained = pool(*endpoints(1, 1), Endpoint("z", "h:9", state="drain"))

    assert hot.expected_shares()["a"] == pytest.approx(0.8)
    assert drained.expected_shares() == {"a": 0.5, "b": 0.5, "z": 0.0}


def test_expected_shares_follow_the_algorithms_own_rule() -> None:
    """Where weights are not what decides, they are not what is expected either."""
    heavy, reserve = endpoints(5000, 5000, 5000), (*endpoints(1, 9), Endpoint("z", "h:9", weight=0))

    beyond = Pool("auth", "source_hash", heavy, Random(1)).expected_shares()
    first = Pool("auth", "first", reserve, Random(1)).expected_shares()

    assert [round(share, 3) for share in beyond.values()] == [0.797, 0.203, 0.0]
    assert first == {"a": 1.0, "b": 0.0, "z": 0.0}


def test_nobody_expects_anything_of_a_pool_that_takes_no_traffic() -> None:
    """All drained: no share, and no error either, by any algorithm."""
    drained = [Endpoint("a", "h:1", state="drain")]

    for algorithm in ALGORITHMS:
        assert Pool("auth", algorithm, drained, Random(1)).expected_shares() == {"a": 0.0}


def test_an_endpoint_that_hangs_draws_nobody() -> None:
    """Its clients leave after two seconds, so no answer tells that it is slow; yet it is known."""
    now = 0.0
    hangs, _ = members = endpoints(1, 1)
    one = Pool("auth", "peak_ewma", members, Random(1), clock=lambda: now)
    for member in members:
        one.observe(member, "ok", "200", 0.1)
    ends: list[tuple[float, Endpoint]] = []

    picked = []
    for tick in range(6000):
        now = tick / 20
        for end, ended in [due for due in ends if due[0] <= now]:
            ends.remove((end, ended))
            ended.load.in_flight -= 1
            if ended is hangs:
                one.observe(ended, "client_gone", "", 2.0)
            else:
                one.observe(ended, "ok", "200", 0.1)
        endpoint = one.pick(b"")
        assert endpoint is not None
        endpoint.load.in_flight += 1
        ends.append((now + (2.0 if endpoint is hangs else 0.1), endpoint))
        picked.append(endpoint)

    assert 0 < picked.count(hangs) < 0.02 * len(picked)


def test_a_client_that_left_at_once_makes_no_endpoint_look_fast() -> None:
    """It tells how long an answer takes at least, and no more."""
    (only,) = members = endpoints(1)
    one = Pool("auth", "peak_ewma", members, Random(1))
    one.observe(only, "ok", "200", 0.3)

    one.observe(only, "client_gone", "", 0.001)

    assert only.load.cost == 0.3


def test_its_repr_says_what_one_wants_to_know() -> None:
    """At three in the morning the repr answers: which pool, how many are left."""
    assert repr(pool(*endpoints(1, 1))) == "<Pool auth: round_robin, 2/2 ready>"
