"""Connections at hand: lent to one statement at a time, and mended when they break."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from authsvc.metrics import Metrics
from authsvc.settings import Profile
from authsvc.store.database import CONNECTIONS, Database, DatabaseUnavailableError
from tests.authsvc.conftest import query, until, until_true

pytestmark = pytest.mark.live
OURS = "from pg_stat_activity where application_name = 'lender'"


@pytest.fixture
async def opened(database: str) -> AsyncIterator[Database]:
    """A database of which no connection is made yet."""
    made = Database(database, "lender", Metrics(Profile.LAB, 4))
    await made.open()
    yield made
    await made.close()
    await until_true(lambda: none_left(database))


async def none_left(database: str) -> bool:
    """Whether the server has noticed that all are gone."""
    return bool(await query(database, f"select count(*) = 0 {OURS}"))


async def crowd(opened: Database) -> set[int]:
    """The backends that many statements at once were run by."""
    busy = "select pg_backend_pid() as pid from pg_sleep(0.005)"
    rows = await asyncio.gather(*(opened.row(busy) for _ in range(CONNECTIONS * 5)))
    return {row["pid"] for row in rows}


async def test_a_connection_is_used_again(opened: Database) -> None:
    """And never more of them than was said, however many statements wait."""
    pids = {(await opened.row("select pg_backend_pid() as pid"))["pid"] for _ in range(5)}
    assert len(pids) == 1
    assert len(await crowd(opened)) == CONNECTIONS
    assert pids < await crowd(opened)


async def test_connections_that_the_server_closed_cost_no_failure(
    opened: Database, database: str
) -> None:
    """As after a restart while nothing was asked: they are noticed, and others made."""
    before = await crowd(opened)
    await query(database, f"select count(pg_terminate_backend(pid)) {OURS}")
    await until(lambda: opened._connections.size == 0)
    assert not before & await crowd(opened)


async def test_a_statement_that_fails_takes_no_connection_with_it(opened: Database) -> None:
    """Whether the server refused it, it was late, or nobody waits for it any more."""
    before = await crowd(opened)
    for _ in range(CONNECTIONS * 2):
        with pytest.raises(DatabaseUnavailableError):
            await opened.row("select * from nowhere")
    assert before & await crowd(opened)
    for _ in range(CONNECTIONS * 2):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(opened.row("select pg_sleep(1)"), 0.02)
    assert len(await crowd(opened)) == CONNECTIONS


async def test_who_waits_too_long_for_a_connection_is_told(opened: Database) -> None:
    """Within a second, and those that did not wait in vain are served."""
    slow = [opened.row("select pg_sleep(1.2)") for _ in range(CONNECTIONS)]
    late = [opened.row("select 1") for _ in range(3)]
    answers = await asyncio.gather(*slow, *late, return_exceptions=True)
    assert not any(isinstance(answer, Exception) for answer in answers[:CONNECTIONS])
    assert all(isinstance(answer, DatabaseUnavailableError) for answer in answers[CONNECTIONS:])
    assert await opened.row("select 1")
