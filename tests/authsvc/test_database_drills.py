"""Postgres freezes, restarts, crashes, runs out of connections: bounded 503s, and nothing lost."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from authsvc.connecting import connection
from tests.authsvc.books import kept, unpaired
from tests.authsvc.cluster import cluster
from tests.authsvc.conftest import Answer, Running, Start, fill, until

pytestmark = [pytest.mark.live, pytest.mark.measures]
LONGEST = 3.5  # 1 s for a connection and 1.5 s for a statement, and this machine's noise


@asynccontextmanager
async def users(auth: Running, count: int) -> AsyncIterator[list[Answer]]:
    """So many that log in again and again while the block lasts; what they were answered."""
    answers: list[Answer] = []
    ending = False

    async def one(number: int) -> None:
        while not ending:
            began = time.monotonic()
            answers.append(await auth.login(f"user{number:04d}"))
            assert time.monotonic() - began < LONGEST
            await asyncio.sleep(0.01)

    async with asyncio.TaskGroup() as group:
        for number in range(1, count + 1):
            group.create_task(one(number))
        try:
            yield answers
        finally:
            ending = True


async def nothing_was_lost(url: str, answers: list[Answer]) -> None:
    """Each success has session and audit row; what else was kept is a 503 that came too late."""
    succeeded = {a.headers["X-Request-Id"] for a in answers if a.status == 201}
    failed = {a.headers["X-Request-Id"] for a in answers if a.status == 503}
    assert len(succeeded) + len(failed) == len(answers)
    written = {request_id for request_id, _ in await kept(url)}
    assert await unpaired(url) == 0
    assert succeeded <= written
    assert written - succeeded <= failed


async def test_a_frozen_database_costs_bounded_503s(start: Start) -> None:
    """Every answer comes in time, liveness stays up, and all is well after the thaw."""
    with cluster() as postgres:
        fill(postgres.url)
        auth = await start(postgres.url, hash_seconds=0.0)
        first = await auth.login()
        token = {"Authorization": f"Bearer {first.json['access_token']}"}
        new = {"login": "newcomer", "password": "long enough"}
        postgres.signal_all(signal.SIGSTOP)
        try:
            began = time.monotonic()
            answers = await asyncio.gather(
                *(auth.login(f"user{n:04d}") for n in range(1, 9)),
                auth.ask("GET", "/v1/whoami", headers=token),
                auth.ask("DELETE", "/v1/sessions/current", headers=token),
                auth.ask("POST", "/v1/users", json=new),
            )
            assert time.monotonic() - began < LONGEST
            assert {answer.status for answer in answers} == {503}
            assert {answer.json["code"] for answer in answers} == {"database_unavailable"}
            assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
            assert (await auth.ask("GET", "/livez")).status == 200
            await until(lambda: not auth.instance.readiness.ready)
        finally:
            postgres.signal_all(signal.SIGCONT)
        await until(lambda: auth.instance.readiness.ready)
        last = await auth.login()
        assert last.status == 201
        assert auth.metric("auth_db_pool_waiting") == 0
        await nothing_was_lost(postgres.url, [first, *answers[:8], last])


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "crash"])
async def test_a_database_that_restarts_under_load(start: Start, how: signal.Signals) -> None:
    """503 while it is away, 201 once it is back, by the same process; liveness up throughout."""
    with cluster() as postgres:
        fill(postgres.url)
        auth = await start(postgres.url, hash_seconds=0.0)
        async with users(auth, 6) as answers:
            await until(lambda: len(answers) > 30)
            await asyncio.to_thread(postgres.stop, how)
            await until(lambda: sum(answer.status == 503 for answer in answers) > 12)
            assert (await auth.ask("GET", "/livez")).status == 200
            await until(lambda: not auth.instance.readiness.ready)
            assert (await auth.ask("GET", "/readyz")).status == 503
            await asyncio.to_thread(postgres.start)
            await until(lambda: auth.instance.readiness.ready)
            back = len(answers)
            await until(lambda: sum(answer.status == 201 for answer in answers[back:]) > 30)
        await nothing_was_lost(postgres.url, answers)


async def test_a_database_without_connections_left(start: Start) -> None:
    """Others have them all: unready and 503 with the reason in the metric; well when they go."""
    with cluster("max_connections=12") as postgres:
        fill(postgres.url)
        async with AsyncExitStack() as others:
            for _ in range(12):
                await others.enter_async_context(connection(postgres.url, wait=5))
            auth = await start(postgres.url, ready=False, hash_seconds=0.0)
            refused = await auth.login()
            assert (refused.status, refused.json["code"]) == (503, "database_unavailable")
            assert auth.metric("auth_db_errors_total", sqlstate_class="53") > 0
            assert (await auth.ask("GET", "/livez")).status == 200
            assert (await auth.ask("GET", "/startupz", private=True)).status == 503
        await until(lambda: auth.instance.readiness.ready)
        welcome = await auth.login()
        assert welcome.status == 201
        assert auth.metric("auth_db_pool_size") >= 1
        await nothing_was_lost(postgres.url, [refused, welcome])
