"""Passive ejection: who is left out, for how long, and how many at most."""

import pytest

from balancer.core.ejection import Ejector, eject, readmit, readmit_due
from balancer.core.endpoint import Endpoint
from balancer.pools import Ejection, SuccessRate
from tests.balancer.core.endpoints import endpoints

POLICY = Ejection(consecutive=3, interval=10, base=10, most=25, share=0.5)


def fails(ejector: Ejector, endpoint: Endpoint, times: int, now: float = 0.0) -> bool:
    """So many failed attempts; whether the last one ejected it."""
    return [ejector.observe(endpoint, True, now=now) for _ in range(times)][-1]


def test_so_many_failures_in_a_row_eject() -> None:
    """Two are chance, the third is one too many; the pool is told once."""
    members = endpoints(1, 1)
    ejector = Ejector(POLICY, members)

    early = fails(ejector, members[0], 2)
    third = fails(ejector, members[0], 1)

    assert (early, third) == (False, True)
    assert members[0].health.ejected_until == 10
    assert not members[0].ready
    assert members[0].load.ejected["consecutive"] == 1


def test_a_success_ends_the_row() -> None:
    """Failures with successes between them are for the success rate to judge."""
    members = endpoints(1, 1)
    ejector = Ejector(POLICY, members)

    for _ in range(9):
        fails(ejector, members[0], 2)
        ejector.observe(members[0], False, now=0.0)

    assert members[0].ready


def test_it_comes_back_when_its_time_is_over() -> None:
    """Not a moment sooner; the pool is told then."""
    members = endpoints(1, 1)
    ejector = Ejector(POLICY, members)
    fails(ejector, members[0], 3)

    early = readmit_due(members, 9.9)
    due = readmit_due(members, 10.0)

    assert (early, due) == (False, True)
    assert members[0].ready


def test_each_ejection_is_longer_up_to_the_most() -> None:
    """Ten, twenty, then no more than twenty-five seconds."""
    members = endpoints(1, 1)
    ejector = Ejector(POLICY, members)
    times, now = [], 0.0

    for _ in range(4):
        fails(ejector, members[0], 3, now)
        times.append(members[0].health.ejected_until - now)
        now = members[0].health.ejected_until
        readmit_due(members, now)

    assert times == [10, 20, 25, 25]


def test_a_calm_interval_forgives_one_ejection() -> None:
    """An endpoint that had a bad day once is not punished for it for ever."""
    members = endpoints(1, 1)
    ejector = Ejector(POLICY, members)
    ejector.tick(0.0)
    fails(ejector, members[0], 3)
    readmit_due(members, 10.0)

    ejector.tick(10.0)
    ejector.tick(20.0)
    fails(ejector, members[0], 3, 30.0)

    assert members[0].health.ejected_until == 40


@pytest.mark.parametrize(
    ("size", "share", "most"), [(5, 0.5, 2), (5, 0.1, 1), (1, 0.5, 1), (4, 1, 4)]
)
def test_no_more_than_the_share_is_ejected_but_always_one(
    size: int, share: float, most: int
) -> None:
    """When all fail, it is not the endpoints: somebody has to carry what still works."""
    members = endpoints(*[1] * size)
    ejector = Ejector(POLICY.model_copy(update={"share": share}), members)

    for member in members:
        fails(ejector, member, 3)

    assert sum(not member.ready for member in members) == most


def test_who_takes_no_traffic_does_not_count() -> None:
    """A drained endpoint is neither ejected nor part of the whole that the share is of."""
    members = (
        *endpoints(1, 1),
        Endpoint("z", "h:9", state="drain"),
        Endpoint("y", "h:8", weight=0),
    )
    ejector = Ejector(POLICY, members)

    for member in members:
        fails(ejector, member, 3)

    assert [bool(member.health.ejected_until) for member in members] == [True, False, False, False]


def test_a_success_rate_far_below_the_others_ejects() -> None:
    """Failures too scattered to be a row: nine of ten succeed there, all elsewhere."""
    policy = POLICY.model_copy(update={"success_rate": SuccessRate(requests=10, deviations=1.9)})
    members = endpoints(1, 1, 1, 1, 1)
    ejector = Ejector(policy, members)
    ejector.tick(0.0)
    for i in range(100):
        for member in members:
            ejector.observe(member, member is members[2] and i % 10 == 0, now=1.0)

    ejector.tick(10.0)

    assert [member.ready for member in members] == [True, True, False, True, True]
    assert members[2].load.ejected["success_rate"] == 1


@pytest.mark.parametrize(("size", "requests"), [(4, 100), (5, 9)])
def test_too_little_to_compare_ejects_nobody(size: int, requests: int) -> None:
    """Fewer endpoints or fewer requests than the policy asks for."""
    policy = POLICY.model_copy(update={"success_rate": SuccessRate(requests=10)})
    members = endpoints(*[1] * size)
    ejector = Ejector(policy, members)
    ejector.tick(0.0)
    for i in range(requests):
        for member in members:
            ejector.observe(member, member is members[0] and i % 2 == 0, now=1.0)

    ejector.tick(10.0)

    assert all(member.ready for member in members)


def test_an_operator_ejects_and_readmits() -> None:
    """Readmitting one that is in does nothing, and says so."""
    (one,) = endpoints(1)

    eject(one, "operator", 60.0)
    out = one.ready
    first, second = readmit(one), readmit(one)

    assert (out, first, second, one.ready) == (False, True, False, True)
    assert one.load.ejected["operator"] == 1
