"""The hash queue on a real loop with real threads; capacity and overload are tested live."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from authsvc.hashing.admission import Admission
from authsvc.hashing.queue import HashQueue, HashRejectedError, Patience
from authsvc.metrics import HashOp, Metrics
from authsvc.settings import Profile
from tests.authsvc.conftest import until

QUICK = Admission(slots=2, limit=5, hash_seconds=0.001, hold_seconds=0.0, drops_abandoned=True)


@pytest.fixture
async def queue() -> AsyncIterator[HashQueue]:
    """Two slots without emulation."""
    opened = HashQueue(QUICK, Metrics(Profile.LAB, 4).hashing)
    opened.start()
    yield opened
    await opened.close()


def patient(*, gone: bool = False) -> Patience:
    """A client that has all the time."""
    return Patience(time.monotonic() + 60, lambda: gone)


async def test_a_job_runs_beside_the_loop_and_its_result_comes_back(queue: HashQueue) -> None:
    """In one of the queue's own threads."""
    name = await queue.run(HashOp.VERIFY, lambda: threading.current_thread().name, patient())
    assert name.startswith("hash")


async def test_what_a_job_raises_belongs_to_its_caller(queue: HashQueue) -> None:
    """And the slot goes on with the next."""
    with pytest.raises(ZeroDivisionError):
        await queue.run(HashOp.VERIFY, lambda: 1 // 0, patient())
    assert await queue.run(HashOp.VERIFY, lambda: 7, patient()) == 7


async def test_slots_work_side_by_side(queue: HashQueue) -> None:
    """Two jobs that wait for each other both end."""
    meeting = threading.Barrier(2, timeout=5)
    jobs = (queue.run(HashOp.VERIFY, meeting.wait, patient()) for _ in range(2))
    assert sorted(await asyncio.gather(*jobs)) == [0, 1]


async def test_a_burst_fills_slots_and_queue_and_no_more(queue: HashQueue) -> None:
    """Two in the slots and five that wait, though no slot has begun yet."""
    go = threading.Event()
    burst = [asyncio.create_task(queue.run(HashOp.VERIFY, go.wait, patient())) for _ in range(8)]
    with pytest.raises(HashRejectedError, match="queue_full"):
        await burst[-1]
    assert (queue.in_progress, queue.depth) == (2, 5)
    go.set()
    assert await asyncio.gather(*burst[:-1]) == [True] * 7


async def test_a_cancelled_handlers_job_is_not_done(queue: HashQueue) -> None:
    """Nobody would read its result."""
    go, done = threading.Event(), []
    busy = [asyncio.create_task(queue.run(HashOp.VERIFY, go.wait, patient())) for _ in range(2)]
    waiting = asyncio.create_task(queue.run(HashOp.VERIFY, lambda: done.append(1), patient()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go.set()
    await asyncio.gather(*busy)
    await queue.run(HashOp.VERIFY, lambda: None, patient())
    assert done == []


async def test_closing_leaves_no_caller_waiting() -> None:
    """Neither one in a slot nor one in the queue."""
    queue, go = HashQueue(QUICK, Metrics(Profile.LAB, 4).hashing), threading.Event()
    queue.start()
    owed = [asyncio.create_task(queue.run(HashOp.VERIFY, go.wait, patient())) for _ in range(4)]
    await until(lambda: queue.in_progress == 2)
    await queue.close()
    go.set()
    ended = await asyncio.wait_for(asyncio.gather(*owed, return_exceptions=True), 5)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended)


async def test_a_leaving_process_drops_what_nobody_waits_for(queue: HashQueue) -> None:
    """Also if until then it finished everything."""
    queue.admission = replace(QUICK, drops_abandoned=False)
    assert await queue.run(HashOp.VERIFY, lambda: 7, patient(gone=True)) == 7
    queue.drop_abandoned()
    with pytest.raises(HashRejectedError, match="client_gone"):
        await queue.run(HashOp.VERIFY, lambda: 7, patient(gone=True))
