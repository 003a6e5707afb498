"""Guessing passwords at a fleet: what is let in, what is not, and what it costs others."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import pytest

from tests.authsvc.conftest import Answer, Running, Start, query, until_true

pytestmark = pytest.mark.live
Fleet = list[Running]
LIMITS: dict[str, Any] = {"throttle_pair": 5, "throttle_account": 50, "throttle_source": 100}
TRUST: dict[str, Any] = {"trusted": [ip_network("127.0.0.1/32")]}
QUICK: dict[str, Any] = {"hash_seconds": 0.0, "hash_queue": math.inf, "deadline": 30.0}


def via(source: str) -> dict[str, Any]:
    """A request as the balancer hands it on."""
    return {"headers": {"X-Forwarded-For": source}}


@pytest.fixture
async def fleet(start: Start, database: str) -> Fleet:
    """Five instances on one database."""
    await query(database, "delete from throttles")
    return [await start(database, name=f"auth-{n}", **QUICK, **LIMITS, **TRUST) for n in range(5)]


def checked(fleet: Fleet) -> float:
    """Passwords that were looked at: hashes that were done."""
    return sum(
        one.metric("auth_hash_seconds_count", op=op, cost="4")
        for one in fleet
        for op in ("verify", "dummy")
    )


async def spread(fleet: Fleet, count: int, ask: Callable[[Running, int], Awaitable[Answer]]) -> Any:
    """That many requests at once, over all instances; how many answers of each status."""
    asked = (ask(fleet[n % len(fleet)], n) for n in range(count))
    statuses = [answer.status for answer in await asyncio.gather(*asked)]
    return {status: statuses.count(status) for status in set(statuses)}


async def nothing_counts(database: str) -> None:
    """Wait until every claim was given back; at once, unless the machine is very busy."""

    async def given_back() -> bool:
        return bool(await query(database, "select sum(attempts) = 0 from throttles"))

    await until_true(given_back)


@pytest.mark.parametrize("login", ["user0001", "nobody-at-all", "Not A Login!"])
async def test_a_hundred_parallel_guesses_are_not_more_than_the_limit(
    fleet: Fleet, login: str
) -> None:
    """From one source: five are checked, the others refused, whether or not the login exists."""
    found = await spread(fleet, 100, lambda one, n: one.login(login, f"guess {n}"))
    assert found == {401: 5, 429: 95}
    assert checked(fleet) == 5
    blocks = sum(one.metric("auth_throttle_blocks_total", scope="pair") for one in fleet)
    assert blocks == 1
    throttled = {"flow": "login", "outcome": "throttled"}
    assert sum(one.metric("auth_attempts_total", **throttled) for one in fleet) == 95


@pytest.mark.parametrize("login", ["user0002", "nobody-at-all"])
async def test_nor_from_a_hundred_sources(fleet: Fleet, login: str) -> None:
    """The limit over all sources."""
    found = await spread(
        fleet, 100, lambda one, n: one.login(login, f"guess {n}", **via(f"192.0.2.{n}"))
    )
    assert found == {401: 50, 429: 50}
    assert checked(fleet) == 50


async def test_the_owner_at_home_never_waits(fleet: Fleet) -> None:
    """While a hundred others guess; elsewhere the owner has to."""
    home = via("203.0.113.7")
    assert (await fleet[0].login("user0003", **home)).status == 201
    await spread(
        fleet, 100, lambda one, n: one.login("user0003", f"guess {n}", **via(f"192.0.2.{n}"))
    )
    found = await spread(fleet, 5, lambda one, _: one.login("user0003", **home))
    assert found == {201: 5}
    assert (await fleet[0].login("user0003", **via("203.0.113.8"))).status == 429


async def test_two_hundred_people_behind_one_address_all_get_in(
    fleet: Fleet, database: str
) -> None:
    """At once, with right passwords, and none of them ever seen there: nobody is throttled.

    Whom a busy machine sheds tries again.
    """

    async def get_in(one: Running, n: int) -> Answer:
        while True:
            login = f"user{n % 40 + 1:04d}"
            answer = await one.login(login, **via("203.0.113.9"))
            if answer.status != 503:
                return answer

    assert await spread(fleet, 200, get_in) == {201: 200}

    await nothing_counts(database)


async def test_a_refusal_says_when_to_come_back(fleet: Fleet) -> None:
    """Truly, and in the same words for a login that nobody has."""
    refused = []
    for login in ("user0004", "nobody-here"):
        for _ in range(5):
            await fleet[0].login(login, "wrong")
        refused.append(await fleet[1].login(login))
    for answer in refused:
        assert (answer.status, answer.json["code"]) == (429, "too_many_attempts")
        assert 25 <= int(answer.headers["Retry-After"]) <= 30
    assert len({frozenset({**answer.json, "instance": ""}.items()) for answer in refused}) == 1


async def test_who_is_not_trusted_cannot_choose_a_source(
    start: Start, database: str, fleet: Fleet
) -> None:
    """Without `--trust` the header is noise, in the throttle and in the audit."""
    plain = await start(database, name="plain", **QUICK, **LIMITS)
    login = f"nobody-{uuid4().hex[:8]}"
    found = await spread(
        [plain], 20, lambda one, n: one.login(login, "wrong", **via(f"192.0.2.{n}"))
    )
    assert found == {401: 5, 429: 15}
    await fleet[0].login("user0005", "wrong", **via("2001:db8::7"))
    ips = "select array_agg(distinct host(ip)) from audit_events where instance = $1"
    assert await query(database, ips, "plain") == ["127.0.0.1"]
    seen = "select host(ip) from audit_events where instance = 'auth-0' order by at desc limit 1"
    assert await query(database, seen) == "2001:db8::7"


async def test_what_was_never_checked_costs_nothing(start: Start, database: str) -> None:
    """Shed: as if it had not been asked for."""
    await query(database, "delete from throttles")
    slow = await start(database, hash_seconds=0.5, hash_queue=1, deadline=5.0, **LIMITS)
    found = await spread([slow], 30, lambda one, _: one.login("user0006"))
    assert set(found) <= {201, 429, 503}
    assert found[201] >= 1
    await nothing_counts(database)


async def test_a_full_queue_costs_the_database_nothing(start: Start, database: str) -> None:
    """A login that will be shed is not even looked up."""
    slow = await start(database, hash_seconds=0.8, hash_queue=1, **LIMITS)
    busy = []
    for number in (7, 8):
        busy.append(asyncio.create_task(slow.login(f"user{number:04d}")))
        await slow.counted("auth_hash_in_progress", 1)
    await slow.counted("auth_hash_queue_depth", 1)
    before = await query(database, "select count(*) from throttles")
    assert (await slow.login("nobody-new")).status == 503
    assert await query(database, "select count(*) from throttles") == before
    assert [answer.status for answer in await asyncio.gather(*busy)] == [201, 201]


async def test_registrations_count_by_source(start: Start, database: str) -> None:
    """A taken name too, since that is how one finds out who is there; logins go on."""
    await query(database, "delete from throttles")
    auth = await start(database, **QUICK, **{**LIMITS, "throttle_source": 3})
    bodies = [
        {"login": login, "password": "a password"} for login in ("user0009", "new-1", "new-2")
    ]
    statuses = [(await auth.ask("POST", "/v1/users", json=body)).status for body in bodies * 2]
    assert statuses == [409, 201, 201, 429, 429, 429]
    throttled = {"flow": "register", "outcome": "throttled"}
    assert auth.metric("auth_attempts_total", **throttled) == 3
    assert (await auth.login("user0009")).status == 201


async def test_a_log_does_not_say_which_login_failed(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    """People type passwords there; the same one can be found again by its HMAC."""
    caplog.set_level("DEBUG")
    for _ in range(2):
        await fleet[0].login("my secret password", "wrong")
    marks = [vars(r)["login_hmac"] for r in caplog.records if "login_hmac" in vars(r)]
    assert len(marks) == 2
    assert len(set(marks)) == 1
    ours = [r for r in caplog.records if r.name.startswith("authsvc")]
    assert ours
    assert not any("my secret password" in str(vars(record)) for record in ours)
