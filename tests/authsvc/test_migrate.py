"""Migrations: each once, in order, and never a changed one."""

import asyncio

import pytest

from authsvc.migrate import Migration, MigrationError, migrate, migrations, pending
from tests.authsvc.conftest import query

FILES = [Migration(1, "users", "create table a ()"), Migration(2, "more", "create table b ()")]


def test_only_what_is_missing_is_applied() -> None:
    """In order."""
    assert pending(FILES, {}) == FILES
    assert pending(FILES, {1: FILES[0].sha256}) == FILES[1:]
    assert pending(FILES, {file.version: file.sha256 for file in FILES}) == []


def test_an_edited_file_is_noticed() -> None:
    """The database was made from another text; which one, nobody could say any more."""
    with pytest.raises(MigrationError, match="0001_users was edited"):
        pending(FILES, {1: "0" * 64})


def test_a_newer_database_is_left_alone() -> None:
    """An old release must not touch it."""
    with pytest.raises(MigrationError, match="migration 3, this release knows 2"):
        pending(FILES, {3: "0" * 64})


def test_the_files_are_numbered_without_gaps() -> None:
    """And there are some."""
    assert [file.version for file in migrations()] == list(range(1, len(migrations()) + 1))
    assert migrations()[0].name == "users"


@pytest.mark.live
async def test_eight_at_once_on_an_empty_database(empty_database: str) -> None:
    """As when a whole fleet starts: each file is applied by exactly one of them."""
    applied = await asyncio.gather(*(migrate(empty_database, wait=10) for _ in range(8)))
    assert sorted(file.version for files in applied for file in files) == [
        file.version for file in migrations()
    ]
    recorded = await query(
        empty_database, "select array_agg(sha256 order by version) from schema_migrations"
    )
    assert recorded == [file.sha256 for file in migrations()]
    assert await migrate(empty_database, wait=10) == []
