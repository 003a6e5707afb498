"""A pool with its guards: who is ready, who is picked second, who wins when two disagree."""

from collections import Counter
from random import Random

import pytest

from balancer.core.algorithms import ALGORITHMS
from balancer.core.endpoint import Endpoint
from balancer.core.failure import CONNECT_FAILED
from balancer.core.guards import Guards
from balancer.core.pool import Pool
from balancer.pools import Ejection, Limit, Retry
from tests.balancer.core.endpoints import endpoints


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def guarded(
    *members: Endpoint, guards: Guards, clock: Clock | None = None, algorithm: str = "round_robin"
) -> Pool:
    """A pool of these endpoints with these guards."""
    return Pool("auth", algorithm, members, Random(1), clock=clock or Clock(), guards=guards)


def picks(pool: Pool, times: int) -> Counter[str]:
    """How often each endpoint is picked, by name; "" for nobody."""
    found = (pool.pick(bytes([10, 0, i % 256, 1])) for i in range(times))
    return Counter(one.name if one else "" for one in found)


# ── panic ────────────────────────────────────────────────────────────────────────────────────────


def test_below_the_panic_share_probes_are_not_believed() -> None:
    """With one of three up, all three get traffic: it is likelier that the probes are wrong."""
    members = endpoints(1, 1, 1)
    pool = guarded(*members, guards=Guards(panic=0.5))
    for member in members[:2]:
        member.health.up = False
    pool.refresh()

    assert pool.panicking
    assert picks(pool, 9) == {"a": 3, "b": 3, "c": 3}


def test_at_the_panic_share_they_are() -> None:
    """Two of four up is half, and half is not below half."""
    members = endpoints(1, 1, 1, 1)
    pool = guarded(*members, guards=Guards(panic=0.5))
    for member in members[:2]:
        member.health.up = False
    pool.refresh()

    assert not pool.panicking
    assert set(picks(pool, 8)) == {"c", "d"}


def test_panic_never_brings_back_what_the_operator_took_out() -> None:
    """A drained endpoint, or one of weight 0, stays out whatever else is down."""
    up = Endpoint("a", "h:1")
    pool = guarded(
        up,
        Endpoint("b", "h:2", state="drain"),
        Endpoint("c", "h:3", weight=0),
        guards=Guards(panic=1),
    )
    up.health.up = False
    pool.refresh()

    assert set(picks(pool, 9)) == {"a"}


# ── ejection ─────────────────────────────────────────────────────────────────────────────────────

EJECTION = Ejection(consecutive=2, base=10)


def test_an_ejected_endpoint_gets_nothing_until_it_is_readmitted() -> None:
    """Two failures and it is out; its time over, the tick lets it in again."""
    clock, members = Clock(), endpoints(1, 1)
    pool = guarded(*members, guards=Guards(ejection=EJECTION), clock=clock)

    for _ in range(2):
        pool.observe(members[0], "ok", "500", 0.01)
    while_out = picks(pool, 4)
    pool.tick(clock.now + 10)
    after = picks(pool, 4)

    assert (while_out, after) == ({"b": 4}, {"a": 2, "b": 2})


@pytest.mark.parametrize(
    ("outcome", "code", "counts"),
    [
        ("ok", "500", True),
        ("ok", "503", True),
        ("timeout", "504", True),
        ("connect_failed", "502", True),
        ("bad_response", "502", True),
        ("ok", "401", False),
        ("ok", "429", False),
        ("client_gone", "", False),
        ("client_gone", "408", False),
    ],
)
def test_what_speaks_against_an_endpoint(outcome: str, code: str, *, counts: bool) -> None:
    """No answer and 5xx do; a wrong password does not, nor does a client that leaves."""
    members = endpoints(1, 1)
    pool = guarded(*members, guards=Guards(ejection=EJECTION))

    for _ in range(9):
        pool.observe(members[0], outcome, code, 0.01)  # type: ignore[arg-type] # one of OUTCOMES

    assert members[0].ready is not counts


def test_panic_overrules_ejection() -> None:
    """All failing is not the endpoints' fault: then nobody is left out."""
    members = endpoints(1, 1)
    guards = Guards(ejection=EJECTION.model_copy(update={"share": 1.0}), panic=0.6)
    pool = guarded(*members, guards=guards)

    for _ in range(2):
        pool.observe(members[0], "ok", "500", 0.01)

    assert pool.panicking
    assert picks(pool, 4) == {"a": 2, "b": 2}


def test_an_operator_may_eject_without_the_guard() -> None:
    """And readmit; without configured ejection it is the pool's tick that ends it too."""
    clock, members = Clock(), endpoints(1, 1)
    pool = guarded(*members, guards=Guards(), clock=clock)

    pool.eject(members[0], 30)
    out = picks(pool, 2)
    pool.tick(clock.now + 30)
    back = picks(pool, 2)
    pool.eject(members[0], 30)
    pool.readmit(members[0])

    assert (out, back) == ({"b": 2}, {"a": 1, "b": 1})
    assert members[0].ready


# ── slow start ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("algorithm", ["round_robin", "least_requests", "p2c"])
@pytest.mark.parametrize(("age", "share"), [(0.0, 0.05), (5.0, 0.25), (10.0, 0.5)])
def test_who_comes_back_grows_into_its_share(algorithm: str, age: float, share: float) -> None:
    """A tenth of its share at first, half at half time, all of it at the end of its slow start."""
    clock, members = Clock(), endpoints(1, 1)
    pool = guarded(*members, guards=Guards(slow_start=10), clock=clock, algorithm=algorithm)
    members[0].health.up = False
    pool.refresh()
    members[0].health.up = True
    pool.refresh()

    clock.now += age
    pool.tick(clock.now)

    assert picks(pool, 4000)["a"] / 4000 == pytest.approx(share, abs=0.03)


def test_nobody_is_cold_when_the_balancer_starts() -> None:
    """All are as warm as each other then (HAProxy, too, leaves its start out)."""
    pool = guarded(*endpoints(1, 1), guards=Guards(slow_start=10))

    assert picks(pool, 100) == {"a": 50, "b": 50}


def test_an_endpoint_that_a_reload_adds_is_cold() -> None:
    """The new one, and only that."""
    old = guarded(*endpoints(1, 1), guards=Guards(slow_start=10))

    new = Pool(
        "auth", "round_robin", endpoints(1, 1, 1), Random(1),
        clock=Clock(), guards=Guards(slow_start=10), before=old,
    )  # fmt: skip
    built = [one.health.since for one in new.endpoints]
    new.begin()

    assert built == [None, None, None]  # a change may yet be refused
    assert [new.warms(one) for one in new.endpoints] == [False, False, True]


def test_a_cold_endpoint_that_is_alone_gets_everything() -> None:
    """Slow start is a preference, not a reason to answer 503."""
    clock, members = Clock(), endpoints(1, 1)
    pool = guarded(*members, guards=Guards(slow_start=10), clock=clock)
    for up in (False, True):
        members[0].health.up = up
        pool.refresh()
    members[1].health.up = False
    pool.refresh()

    assert picks(pool, 50) == {"a": 50}


# ── limit ────────────────────────────────────────────────────────────────────────────────────────

LIMIT = Limit(in_flight=2)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_endpoint_carries_more_than_its_limit(algorithm: str) -> None:
    """Whatever the algorithm would like; when all are full there is nobody."""
    members = endpoints(9, 1, 1)
    pool = guarded(*members, guards=Guards(limit=LIMIT), algorithm=algorithm)

    taken = []
    for _ in range(7):
        endpoint = pool.pick(b"\x0a\0\0\1")
        taken.append(endpoint)
        if endpoint is not None:
            endpoint.load.in_flight += 1

    assert [one.load.in_flight for one in members] == [2, 2, 2]
    assert taken[-1] is None


def test_a_full_endpoint_wins_over_its_slow_start() -> None:
    """Room comes first: a cold endpoint takes what the warm ones cannot."""
    clock, members = Clock(), endpoints(1, 1)
    pool = guarded(*members, guards=Guards(slow_start=10, limit=LIMIT), clock=clock)
    for up in (False, True):
        members[0].health.up = up
        pool.refresh()
    members[1].load.in_flight = 2

    assert picks(pool, 50) == {"a": 50}


# ── retry ────────────────────────────────────────────────────────────────────────────────────────


def test_the_second_choice_is_the_least_loaded_of_the_others() -> None:
    """For every algorithm alike: a retry wants an answer, not its old place in a hash."""
    members = endpoints(1, 1, 1)
    pool = guarded(*members, guards=Guards(retry=Retry()), algorithm="source_hash")
    members[1].load.in_flight = 5

    second = {one.name for _ in range(20) if (one := pool.pick(b"\x0a\0\0\1", members[:1]))}

    assert second == {"c"}


def test_a_pool_without_the_guard_grants_no_retry() -> None:
    """Off unless configured."""
    assert not guarded(*endpoints(1, 1), guards=Guards()).may_retry()
    assert guarded(*endpoints(1, 1), guards=Guards(retry=Retry())).may_retry()


def test_who_learns_goes_by_what_it_learnt_for_its_second_choice_too() -> None:
    """A slow endpoint is idle because it is avoided; a full first choice must not end that."""
    members = endpoints(1, 1, 1)
    pool = guarded(*members, guards=Guards(limit=LIMIT), algorithm="peak_ewma")
    for member, seconds in zip(members, (0.1, 5.0, 0.2), strict=True):
        pool.observe(member, "ok", "200", seconds)
    members[0].load.in_flight = 2
    members[2].load.in_flight = 1

    assert picks(pool, 50) == {"c": 50}


def test_what_was_learnt_of_an_endpoint_is_forgotten_when_it_comes_back() -> None:
    """Its failures while it was down say nothing of how it is now."""
    members = endpoints(1, 1)
    pool = guarded(*members, guards=Guards(), algorithm="peak_ewma")
    for member, outcome in zip(members, ("connect_failed", "ok"), strict=True):
        pool.observe(member, outcome, "200", 0.1)  # type: ignore[arg-type] # two of OUTCOMES
    for up in (False, True):
        members[0].health.up = up
        pool.refresh()

    assert members[0].load.cost == 0
    assert members[1].load.cost > 0


# ── who wins when two disagree: the rows of docs/settings.md that no test above holds ────────────


def test_panic_brings_back_what_an_operator_only_ejected() -> None:
    """Rather a suspect endpoint than none; to keep it out for certain, it is drained."""
    members = endpoints(1, 1)
    pool = guarded(*members, guards=Guards(panic=0.6))

    pool.eject(members[0], 60)

    assert pool.panicking
    assert set(picks(pool, 4)) == {"a", "b"}


def test_an_operator_may_eject_beyond_the_share() -> None:
    """The share holds only what the balancer does by itself."""
    members = endpoints(1, 1, 1)
    pool = guarded(*members, guards=Guards(ejection=Ejection(share=0.1)))

    for member in members[:2]:
        pool.eject(member, 60)

    assert picks(pool, 3) == {"c": 3}


def test_probes_that_pass_do_not_end_an_ejection() -> None:
    """They ask whether it answers; requests ask whether it works."""
    members = endpoints(1, 1)
    pool = guarded(*members, guards=Guards(ejection=EJECTION))
    for _ in range(2):
        pool.observe(members[0], "ok", "500", 0.01)

    members[0].health.observe(passed=True, rise=1, fall=1)
    pool.refresh()

    assert picks(pool, 4) == {"b": 4}


def test_who_is_ready_by_panic_alone_is_not_warmed_up() -> None:
    """It never came back; and when it does, its slow start begins."""
    members = endpoints(1, 1)
    pool = guarded(*members, guards=Guards(panic=0.6, slow_start=10))
    members[0].health.up = False
    pool.refresh()
    by_panic = pool.warms(members[0])
    members[0].health.up = True
    pool.refresh()

    assert (by_panic, pool.warms(members[0])) == (False, True)


def test_a_retry_does_not_wait_for_room() -> None:
    """The queue is for first attempts: where nothing has room now, the failure stands."""
    members = endpoints(1, 1)
    pool = guarded(*members, guards=Guards(limit=LIMIT, retry=Retry()))
    members[1].load.in_flight = 2

    again = pool.again(CONNECT_FAILED, b"GET", b"", members[:1], bodiless=True)

    assert again is None
    assert members[0].load.retried["connect_failed"] == 0
