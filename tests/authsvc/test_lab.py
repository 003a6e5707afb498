"""The lab's faults: decided by calling them, and seen by clients of instances that have them."""

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authsvc.lab import COLDEST, RULES, Fault, Faults, parse
from tests.authsvc.conftest import Start, query, until


def of(*texts: str) -> Faults:
    """Faults as flags give them."""
    return Faults.of(parse(text) for text in texts)


def test_a_sound_instance_has_none() -> None:
    """It never breaks, is never cold, and no queue makes it unready."""
    sound = Faults()
    assert sound.active == {}
    assert not sound.breaks(lambda: 0.0)
    assert sound.coldness(0.0) == 1
    assert sound.unready(10**9) is None


@pytest.mark.parametrize(
    "text", ["errors=0", "errors=1.1", "errors", "fail-fast=1", "slow=0.5", "slow=nan", "slow=x",
             "warm-up=-1", "warm-up=inf", "unready-when-queued=1.5", "sloth=3", ""]
)  # fmt: skip
def test_a_value_that_will_not_do_is_refused_with_what_would(text: str) -> None:
    """The message shows the form, or the faults that there are."""
    with pytest.raises(ValueError, match=r"will not do; .*: |there are errors, fail-fast"):
        parse(text)


def test_every_fault_can_be_given_once_and_is_told() -> None:
    """With its value."""
    given = {Fault.ERRORS: 0.25, Fault.FAIL_FAST: 1.0, Fault.SLOW: 3.0, Fault.WARM_UP: 20.0,
             Fault.UNREADY_WHEN_QUEUED: 5.0}  # fmt: skip
    assert given.keys() == RULES.keys()
    assert Faults.of(given.items()).active == given
    with pytest.raises(ValueError, match="given twice"):
        of("slow=2", "slow=3")


def test_the_share_of_errors_is_the_share_of_errors() -> None:
    """Over many logins, with dice of a known seed."""
    dice, bad = random.Random(5).random, of("errors=0.3")
    assert sum(bad.breaks(dice) for _ in range(10_000)) == pytest.approx(3000, abs=150)
    assert all(of("errors=1").breaks(dice) for _ in range(100))


@given(st.floats(0.1, 3600), st.floats(0, 1), st.floats(0, 1))
def test_an_instance_only_gets_warmer(warm_up: float, one: float, other: float) -> None:
    """From ten times to once, in a straight line."""
    cold, (early, late) = Faults(warm_up=warm_up), sorted((one, other))
    assert cold.coldness(0) == COLDEST
    assert cold.coldness(warm_up / 2) == pytest.approx((COLDEST + 1) / 2)
    assert cold.coldness(warm_up) == 1
    assert cold.coldness(early * warm_up) >= cold.coldness(late * warm_up) >= 1


def test_a_queue_of_n_makes_unready_and_one_less_does_not() -> None:
    """And the reason names the fault."""
    touchy = of("unready-when-queued=3")
    assert touchy.unready(2) is None
    assert "unready-when-queued=3" in (touchy.unready(3) or "")


@pytest.mark.live
async def test_two_releases_side_by_side(start: Start, database: str) -> None:
    """One good, one that breaks every login after its hash; each says what it is."""
    good = await start(database, hash_seconds=0.0, release="1.0")
    bad = await start(database, hash_seconds=0.0, release="1.1", fault=[(Fault.ERRORS, 1.0)])
    sessions = await query(database, "select count(*) from sessions")
    assert (await good.login()).status == 201
    broken = await bad.login()
    assert (broken.status, broken.json["code"]) == (500, "internal")
    assert await query(database, "select count(*) from sessions") == sessions + 1
    assert bad.metric("auth_attempts_total", flow="login", outcome="internal") == 1
    assert bad.metric("auth_hash_seconds_count", op="verify", cost="4") == 1
    for auth, release, share in ((good, "1.0", 0), (bad, "1.1", 1)):
        told = (await auth.ask("GET", "/readyz", private=True)).json
        assert told["releaseId"] == release
        assert told["lab_switches"].get("errors", 0) == share
        assert auth.metric("auth_lab_switch", switch="errors") == share
        assert f'release="{release}"'.encode() in auth.instance.metrics.exposition()


@pytest.mark.live
async def test_a_sinkhole_fails_at_once_and_hashes_nothing(start: Start, database: str) -> None:
    """It is the quickest instance there is, which is what attracts a balancer; readiness is up."""
    sink = await start(database, hash_seconds=0.1, fault=[(Fault.FAIL_FAST, 1.0)])
    assert [(await sink.login()).status for _ in range(3)] == [500] * 3
    assert sink.metric("auth_hash_seconds_count", op="verify", cost="4") == 0
    body = {"login": "still-registers", "password": "long enough"}
    assert (await sink.ask("POST", "/v1/users", json=body)).status == 201
    assert (await sink.ask("GET", "/readyz")).status == 200


@pytest.mark.live
async def test_slow_is_known_to_the_queue(start: Start, database: str) -> None:
    """Its capacity, its bound and so its Retry-After are those of a slow instance."""
    flags: dict[str, Any] = {"hash_seconds": 0.1, "fault": [(Fault.SLOW, 3.0)]}
    slow = await start(database, **flags)
    assert slow.metric("auth_hash_capacity_per_second") == pytest.approx(1 / 0.3)
    assert slow.metric("auth_hash_queue_limit") == 2  # 3.33/s × (2 s - 0.3 s) / 2
    assert (await slow.login()).status == 201
    assert slow.metric("auth_hash_seconds_sum", op="verify", cost="4") >= 0.3


@pytest.mark.live
async def test_a_cold_instance_takes_longer(start: Start, database: str) -> None:
    """Nearly ten times the 0.05 s, within a warm-up that hardly passes meanwhile."""
    cold = await start(database, hash_seconds=0.05, fault=[(Fault.WARM_UP, 3600.0)])
    assert (await cold.login()).status == 201
    assert cold.metric("auth_hash_seconds_sum", op="verify", cost="4") > 0.4


@pytest.mark.live
async def test_readiness_tied_to_the_queue(start: Start, database: str) -> None:
    """The health check that fails under load: unready while it works, and back afterwards."""
    flags: dict[str, Any] = {"hash_seconds": 0.3, "hash_queue": math.inf}
    touchy = await start(database, fault=[(Fault.UNREADY_WHEN_QUEUED, 1.0)], **flags)
    assert (await touchy.ask("GET", "/readyz")).status == 200
    async with touchy.logins(3):
        await touchy.counted("auth_hash_queue_depth", 1)
        assert (await touchy.ask("GET", "/readyz")).status == 503
        told = (await touchy.ask("GET", "/readyz", private=True)).json
        assert "unready-when-queued=1" in told["output"]
    await until(lambda: touchy.instance.queue.depth == 0)
    assert (await touchy.ask("GET", "/readyz")).status == 200


@pytest.mark.live
async def test_startup_is_asked_on_the_private_port(start: Start) -> None:
    """503 with the reason until the first connection; liveness is up all the while."""
    auth = await start("postgresql://auth:hush@127.0.0.1:9/auth", ready=False)
    await until(lambda: "not reached" not in (auth.instance.readiness.trouble or ""))
    starting = await auth.ask("GET", "/startupz", private=True)
    assert (starting.status, starting.json["status"]) == (503, "fail")
    assert starting.headers["Content-Type"].startswith("application/health+json")
    assert "the database does not answer" in starting.json["output"]
    assert b"hush" not in starting.body
    assert (await auth.ask("GET", "/livez", private=True)).json == {"status": "pass"}
    assert (await auth.ask("GET", "/startupz")).status == 404
