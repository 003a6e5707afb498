"""Bring a database to this release's schema: numbered SQL files, each in a transaction of its own.

What was applied is recorded with the file's SHA-256, so that a file edited afterwards is noticed.
An advisory lock lets any number of these run at once; it is polled, so that waiting has an end.
"""

import asyncio
import hashlib
import re
import time
from dataclasses import dataclass
from importlib import resources
from typing import Any

from authsvc.connecting import connection

LOCK = 0x65766E68  # "evnh": ours among the database's advisory locks
LOCK_WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.05
_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


class MigrationError(Exception):
    """The database and the files do not belong together, or another migration never ends."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """What is recorded."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Every migration of this release, in order. Raises MigrationError for a gap or a twin."""
    found = []
    for file in (resources.files("authsvc") / "migrations").iterdir():
        if named := _FILE.fullmatch(file.name):
            found.append(Migration(int(named[1]), named[2], file.read_text("utf-8")))
    found.sort(key=lambda migration: migration.version)
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationError("the migration files are not numbered 0001, 0002, … without a gap")
    return found


def latest_version() -> int:
    """The schema that this release needs."""
    return len(migrations())


def pending(files: list[Migration], applied: dict[int, str]) -> list[Migration]:
    """What has still to be applied. `applied` maps version to the SHA-256 of that time.

    Raises MigrationError if a file was edited after it was applied, or the database is newer.
    """
    if ahead := set(applied) - {file.version for file in files}:
        raise MigrationError(
            f"the database has migration {max(ahead)}, this release knows {len(files)}: "
            "run a newer release"
        )
    for file in files:
        if applied.get(file.version, file.sha256) != file.sha256:
            raise MigrationError(
                f"migration {file.version:04d}_{file.name} was edited after it was applied; "
                "restore the file, and put the change into a new one"
            )
    return [file for file in files if file.version not in applied]


async def migrate(url: str, wait: float) -> list[Migration]:
    """Apply what is missing and return it. Waits up to `wait` seconds for the database.

    Raises UnreachableError, MigrationError, and asyncpg.PostgresError for a file that fails.
    """
    files = migrations()
    async with connection(url, wait) as session:
        await session.execute("set lock_timeout = '2s'")
        await _lock(session, time.monotonic() + LOCK_WAIT_SECONDS)
        await session.execute(_TABLE)
        rows = await session.fetch("select version, sha256 from schema_migrations")
        missing = pending(files, {row["version"]: row["sha256"] for row in rows})
        for file in missing:
            await _apply(session, file)
        return missing  # closing the connection lets go of the lock


async def _lock(session: Any, give_up_at: float) -> None:
    while not await session.fetchval("select pg_try_advisory_lock($1)", LOCK):
        if time.monotonic() > give_up_at:
            raise MigrationError(
                f"another migration has held the lock for {LOCK_WAIT_SECONDS:g} s; "
                "see who in pg_locks (locktype 'advisory')"
            )
        await asyncio.sleep(_POLL_SECONDS)


async def _apply(session: Any, file: Migration) -> None:
    async with session.transaction():
        await session.execute(file.sql)
        await session.execute(
            "insert into schema_migrations (version, name, sha256) values ($1, $2, $3)",
            *(file.version, file.name, file.sha256),
        )


_TABLE = """
create table if not exists schema_migrations (
    version int primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default now()
)
"""
