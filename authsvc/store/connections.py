"""Connections kept at hand between statements.

asyncpg's pool makes a proxy, a task and three timers for each time that a connection is taken and
given back: measured, 85 µs of a processor beside 60 µs for the statement itself. So what the pool
gave is kept here for the next statement, and goes back to the pool, which knows how to mend it,
when something went wrong with it.
"""

import asyncio
import time
from typing import Any

import asyncpg


class Connections:
    """At most `most` connections of a pool, each lent to one statement at a time."""

    def __init__(self, pool: Any, most: int, *, acquire: float, release: float) -> None:
        self._pool = pool
        self._free = asyncio.Semaphore(most)
        self._idle: list[Any] = []
        self._acquire_seconds, self._release_seconds = acquire, release
        self._closing = False

    @property
    def size(self) -> int:
        """How many there are."""
        return int(self._pool.get_size())

    @property
    def idle(self) -> int:
        """How many of them are at hand."""
        return len(self._idle)

    async def take(self) -> Any:
        """One for a statement, to be given back. Raises TimeoutError, or why none can be made."""
        give_up_at = time.monotonic() + self._acquire_seconds
        if self._free.locked():
            async with asyncio.timeout(self._acquire_seconds):
                await self._free.acquire()
        else:
            await self._free.acquire()
        try:
            while self._idle:
                connection = self._idle.pop()
                if _open(connection):
                    return connection
                await self._pool.release(connection)
            return await self._pool.acquire(timeout=max(0.0, give_up_at - time.monotonic()))
        except BaseException:
            self._free.release()
            raise

    async def give(self, connection: Any, *, well: bool) -> None:
        """Back from its statement; not `well`: for the pool to see what is wrong with it."""
        try:
            if well and not self._closing:
                self._idle.append(connection)
            else:
                await self._pool.release(connection, timeout=self._release_seconds)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Give all back, now and as they come."""
        self._closing = True
        while self._idle:
            await self._pool.release(self._idle.pop(), timeout=self._release_seconds)


def _open(connection: Any) -> bool:
    """Whether it is still a connection: one that its server closed is the pool's again already."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False
