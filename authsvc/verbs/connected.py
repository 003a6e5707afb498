"""What a verb that looks after accounts works with: one connection, and a name in the audit."""

import getpass
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from authsvc.connecting import UnreachableError, connection
from authsvc.origin import Origin
from authsvc.settings import database_name


@asynccontextmanager
async def connected(url: str, wait: float) -> AsyncIterator[Any]:
    """A connection; raises UnreachableError, also for a database without the schema."""
    async with connection(url, wait) as opened:
        try:
            yield opened
        except asyncpg.UndefinedTableError as error:
            raise UnreachableError(
                f"{database_name(url)} has no schema: run `evenhand authsvc migrate` first"
            ) from error


def origin() -> Origin:
    """The operator at this machine, as audit events keep it."""
    return Origin(request_id=uuid.uuid4().hex, instance="cli", actor=f"cli:{getpass.getuser()}")
