"""The pool, and the one way to run a statement: every wait bounded, every failure of one kind.

Measured with a frozen server: a plain `asyncio.timeout` round a pool call hangs for ever, because
releasing waits for the cancellation and the cancellation for the server. So acquiring, the command
and releasing each have their own limit, and a connection that was late is cut off.
"""

import asyncio
import logging
import time
from typing import Any, Protocol

import asyncpg

from authsvc import spent
from authsvc.metrics import Metrics, SqlstateClass
from authsvc.store.connections import Connections

ACQUIRE_SECONDS = 1.0
COMMAND_SECONDS = 1.5
RELEASE_SECONDS = 1.0
CLOSE_SECONDS = 2.0
CONNECTIONS = 4  # a login keeps one for 2 ms, so one is busy at most; the rest is for bursts

_log = logging.getLogger(__name__)
_TROUBLE = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
_OUR_MISTAKE = ("22", "23")  # data exception, constraint violated: the statement is wrong


class DatabaseUnavailableError(Exception):
    """The database cannot do it now; `kind` says of which class the trouble is."""

    def __init__(self, kind: SqlstateClass) -> None:
        super().__init__(f"the database does not answer as it should ({kind.name.lower()})")
        self.kind = kind


class Statements(Protocol):
    """Whatever runs statements: an instance's pool, or the one connection of a command."""

    async def row(self, statement: str, *values: object) -> Any:
        """The first row, or None."""

    async def rows(self, statement: str, *values: object) -> list[Any]:
        """All rows."""


class Single:
    """The one connection of a command that runs and ends (`connecting.connection`)."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def row(self, statement: str, *values: object) -> Any:
        """The first row, or None."""
        return await self._connection.fetchrow(statement, *values)

    async def rows(self, statement: str, *values: object) -> list[Any]:
        """All rows."""
        return list(await self._connection.fetch(statement, *values))


class Database:
    """A few connections, made when they are first used, so that a service starts before it."""

    def __init__(self, url: str, application: str, metrics: Metrics) -> None:
        self._metrics = metrics
        self._pool: Any = asyncpg.create_pool(
            url,
            min_size=0,
            max_size=CONNECTIONS,
            timeout=ACQUIRE_SECONDS,
            command_timeout=COMMAND_SECONDS,
            reset=_leave_as_is,
            server_settings={
                "application_name": application,
                "statement_timeout": "1500",
                "lock_timeout": "500",
                "idle_in_transaction_session_timeout": "5000",
            },
        )

        self._connections = Connections(
            self._pool, CONNECTIONS, acquire=ACQUIRE_SECONDS, release=RELEASE_SECONDS
        )

    async def open(self) -> None:
        """Make the pool ready; connects to nothing yet."""
        await self._pool
        connections = self._connections
        self._metrics.pool.tell(lambda: connections.size, lambda: connections.idle)

    async def row(self, statement: str, *values: object) -> Any:
        """The first row of a statement, or None. No connection is kept afterwards.

        Takes at most ACQUIRE_SECONDS + COMMAND_SECONDS. Raises DatabaseUnavailableError.
        """
        return await self._run("fetchrow", statement, values)

    async def rows(self, statement: str, *values: object) -> list[Any]:
        """All rows of a statement that bounds how many; otherwise as `row`."""
        found: list[Any] = await self._run("fetch", statement, values)
        return found

    async def _run(self, how: str, statement: str, values: tuple[object, ...]) -> Any:
        began = time.perf_counter()
        try:
            connection = await self._take(began)
            well = False
            try:
                found = await getattr(connection, how)(statement, *values)
                well = True
            except (TimeoutError, asyncio.CancelledError):
                connection.terminate()
                raise
            finally:
                await self._connections.give(connection, well=well)
        except _TROUBLE as error:  # TimeoutError is an OSError
            if (getattr(error, "sqlstate", None) or "").startswith(_OUR_MISTAKE):
                raise
            kind = trouble(error)
            self._metrics.db_errors.labels(kind).inc()
            _log.warning("statement failed", extra={"kind": kind, "error": type(error).__name__})
            raise DatabaseUnavailableError(kind) from error
        finally:
            spent.now().on_database(time.perf_counter() - began)
        return found

    async def _take(self, began: float) -> Any:
        self._metrics.pool.waiting.inc()
        try:
            return await self._connections.take()
        finally:
            self._metrics.pool.waiting.dec()
            self._metrics.pool.acquire_seconds.observe(time.perf_counter() - began)

    async def close(self) -> None:
        """Give connections back to the server; cut them off after CLOSE_SECONDS."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._connections.close()
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()


def trouble(error: Exception) -> SqlstateClass:
    """The class of a failure: SQLSTATE's first two signs if it has one."""
    if isinstance(error, TimeoutError):
        return SqlstateClass.TIMEOUT
    if isinstance(error, OSError):
        return SqlstateClass.CONNECTION
    sqlstate = getattr(error, "sqlstate", None) or ""
    try:
        return SqlstateClass(sqlstate[:2])
    except ValueError:
        return SqlstateClass.OTHER


async def _leave_as_is(connection: Any) -> None:
    """No reset on release: a second round trip for each statement, and we SET nothing."""
