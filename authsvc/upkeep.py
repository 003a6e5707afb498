"""What has to be written about sessions, but not while somebody waits for an answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any
from uuid import UUID

from authsvc.store.database import DatabaseUnavailableError
from authsvc.store.sessions import Sessions

WRITE_SECONDS = 1.0  # how late a use may be written down; lost with the process, seen at the next
SWEEP_SECONDS = 60.0
BATCH = 1000  # rows of one statement: some milliseconds, and no lock for long

_log = logging.getLogger(__name__)


class Upkeep:
    """Collects uses of sessions and writes them together; deletes what is long over."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._used: set[UUID] = set()

    def used(self, session_id: UUID) -> None:
        """Remember that a session was used. What is beyond a batch is noticed at its next use."""
        if len(self._used) < BATCH:
            self._used.add(session_id)

    def chores(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What is to be run for as long as the instance does."""
        yield again_and_again(WRITE_SECONDS, self.write)
        yield again_and_again(SWEEP_SECONDS, self.sweep)

    async def write(self) -> None:
        """Write down what was used. Raises DatabaseUnavailableError."""
        used, self._used = self._used, set()
        if used:
            await self._sessions.seen(list(used))

    async def sweep(self) -> None:
        """Delete one batch. Raises DatabaseUnavailableError."""
        if swept := await self._sessions.sweep(BATCH):
            _log.info("old sessions deleted", extra={"sessions": swept})


async def again_and_again(seconds: float, do: Callable[[], Awaitable[None]]) -> None:
    """Do it every so often, whatever came of it the last time."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await do()
        except DatabaseUnavailableError as error:  # counted and logged where it happened
            _log.debug("put off", extra={"trouble": error.kind})
        except Exception:  # noqa: BLE001 - the chore would end unheard, and all that it is for
            _log.exception("unforeseen")
