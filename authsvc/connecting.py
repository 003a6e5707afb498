"""One connection for a command that runs and ends: wait a bounded time, then say what is wrong."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from authsvc.settings import database_name

ATTEMPT_SECONDS = 2.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_NOT_YET = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ConnectionDoesNotExistError,
)


class UnreachableError(Exception):
    """There is no connection to be had; the text names host and port, never the password."""


def pause(attempt: int, dice: random.Random) -> float:
    """Seconds to wait after the given failed attempt (0 first): full jitter, doubled, bounded.

    The rule is AWS's "exponential backoff and jitter": instances that lost the same database must
    not come back in step.
    """
    return dice.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempt, 10)))


@asynccontextmanager
async def connection(url: str, wait: float, command_seconds: float = 30.0) -> AsyncIterator[Any]:
    """A connection, tried for up to `wait` seconds while the database starts.

    Raises UnreachableError at the end of that time, and at once where waiting would not help.
    """
    opened = await _connect(url, time.monotonic() + wait, command_seconds)
    try:
        yield opened
    finally:
        try:
            await opened.close(timeout=ATTEMPT_SECONDS)
        except TimeoutError:
            opened.terminate()


async def _connect(url: str, give_up_at: float, command_seconds: float) -> Any:
    dice = random.Random()  # noqa: S311 - spreads retries, guards nothing
    attempt = 0
    while True:
        try:
            return await asyncpg.connect(
                url, timeout=ATTEMPT_SECONDS, command_timeout=command_seconds
            )
        except _NOT_YET as error:
            left = give_up_at - time.monotonic()
            if left <= 0:
                raise UnreachableError(
                    f"no answer from the database at {database_name(url)}: {_cause(error)}; "
                    "start it, or point DATABASE_URL at one that runs"
                ) from error
            await asyncio.sleep(min(left, pause(attempt, dice)))
            attempt += 1
        except asyncpg.PostgresError as error:
            raise UnreachableError(
                f"the database at {database_name(url)} refuses: {error}"
            ) from error


def _cause(error: Exception) -> str:
    return "timed out" if isinstance(error, TimeoutError) else (str(error) or type(error).__name__)
