"""What is done beside the answers goes on, whatever happens to it."""

import asyncio
from typing import cast
from uuid import UUID, uuid4

import pytest

from authsvc.metrics import SqlstateClass
from authsvc.store.database import DatabaseUnavailableError
from authsvc.store.sessions import Sessions
from authsvc.upkeep import BATCH, Upkeep, again_and_again


class Written:
    """In place of the store: keeps what is written, or fails."""

    def __init__(self) -> None:
        self.batches: list[list[UUID]] = []
        self.fails = False

    async def seen(self, session_ids: list[UUID]) -> None:
        """As `Sessions.seen`."""
        if self.fails:
            raise DatabaseUnavailableError(SqlstateClass.TIMEOUT)
        self.batches.append(session_ids)


def upkeep(written: Written) -> Upkeep:
    """What is under test, writing there."""
    return Upkeep(cast(Sessions, written))


async def test_a_session_that_is_used_often_is_written_once() -> None:
    """And nothing is written when nothing was used."""
    written, session = Written(), uuid4()
    under_test = upkeep(written)
    for _ in range(3):
        under_test.used(session)
    await under_test.write()
    await under_test.write()
    assert written.batches == [[session]]


async def test_what_waits_is_bounded_also_while_nothing_can_be_written() -> None:
    """A use that is forgotten is noticed at the next; it was not written down, after all."""
    written = Written()
    under_test, written.fails = upkeep(written), True
    under_test.used(uuid4())
    with pytest.raises(DatabaseUnavailableError):
        await under_test.write()
    written.fails = False
    for _ in range(BATCH + 5):
        under_test.used(uuid4())
    await under_test.write()
    assert [len(batch) for batch in written.batches] == [BATCH]


async def test_a_chore_survives_its_failures(caplog: pytest.LogCaptureFixture) -> None:
    """A database that is away is no news here; what nobody foresaw is logged."""
    troubles = [DatabaseUnavailableError(SqlstateClass.TIMEOUT), ValueError("hush")]
    done = asyncio.Event()

    async def do() -> None:
        if troubles:
            raise troubles.pop(0)
        done.set()

    chore = asyncio.create_task(again_and_again(0.0, do))
    async with asyncio.timeout(5):
        await done.wait()
    chore.cancel()
    with pytest.raises(asyncio.CancelledError):
        await chore
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "unforeseen"
    ]
