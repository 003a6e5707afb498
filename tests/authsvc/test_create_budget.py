"""A flood of registrations beside logins, through the real queue, with a clock that is turned."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from authsvc.hashing.admission import Admission, Reason
from authsvc.hashing.queue import HashQueue, HashRejectedError, Patience
from authsvc.metrics import HashOp, Metrics
from authsvc.settings import Profile

TEN_A_SECOND = Admission(
    slots=1, limit=1000, hash_seconds=0.1, hold_seconds=0.0, drops_abandoned=True
)


class Turned:
    """Seconds, as far as somebody has turned them."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Turned:
    """At zero."""
    return Turned()


@pytest.fixture
async def queue(clock: Turned) -> AsyncIterator[HashQueue]:
    """One slot; ten hashes a second; one of them a second for passwords that are made."""
    opened = HashQueue(TEN_A_SECOND, Metrics(Profile.LAB, 4).hashing, clock)
    opened.start()
    yield opened
    await opened.close()


def patient() -> Patience:
    """A client that stays."""
    return Patience(1e9, lambda: False)


async def tried(queue: HashQueue, op: HashOp) -> HashRejectedError | None:
    """How a job fared."""
    try:
        await queue.run(op, lambda: None, patient())
    except HashRejectedError as error:
        return error
    return None


async def test_a_flood_of_registrations_leaves_nine_tenths_to_logins(
    queue: HashQueue, clock: Turned
) -> None:
    """In 100 s of as many registrations as anybody sends, and logins that take what is left."""
    done = {HashOp.CREATE: 0, HashOp.VERIFY: 0}

    def work(op: HashOp) -> None:
        done[op] += 1
        clock.now += 0.1  # what a hash takes

    async def one(op: HashOp) -> None:
        with suppress(HashRejectedError):
            await queue.run(op, lambda: work(op), patient())

    while clock.now < 100:
        flood = [one(HashOp.CREATE) for _ in range(10)]
        await asyncio.gather(*flood, one(HashOp.VERIFY), one(HashOp.VERIFY))
    assert done[HashOp.VERIFY] >= 0.9 * sum(done.values()) - 2  # 2: the burst at the beginning
    assert done[HashOp.CREATE] >= 0.09 * sum(done.values())  # and registration stays open


async def test_a_refusal_says_truly_when_to_come_again(queue: HashQueue, clock: Turned) -> None:
    """Who waits that long is served; who comes before it is not."""
    assert [await tried(queue, HashOp.CREATE) for _ in range(2)] == [None, None]
    refused = await tried(queue, HashOp.CREATE)
    assert refused is not None
    assert (refused.reason, refused.retry_after) == (Reason.CREATE_BUDGET, 1)
    clock.now += 0.5
    assert await tried(queue, HashOp.CREATE) is not None
    clock.now += refused.retry_after - 0.5
    assert await tried(queue, HashOp.CREATE) is None


async def test_logins_pay_nothing_into_it(queue: HashQueue) -> None:
    """A check, real or dummy, is not a password that is made."""
    for op in (HashOp.VERIFY, HashOp.DUMMY):
        assert [await tried(queue, op) for _ in range(20)] == [None] * 20


async def test_only_one_password_to_make_waits(queue: HashQueue) -> None:
    """So that a burst is never in front of the logins."""
    jobs = [asyncio.create_task(tried(queue, HashOp.CREATE)) for _ in range(2)]
    fared = await asyncio.gather(*jobs)
    assert [error.reason if error else None for error in fared] == [None, Reason.CREATE_BUDGET]


async def test_a_place_is_free_again_when_its_client_has_left(queue: HashQueue) -> None:
    """Also if the job was never begun."""
    gone = asyncio.create_task(queue.run(HashOp.CREATE, lambda: None, patient()))
    await asyncio.sleep(0)
    gone.cancel()
    assert await tried(queue, HashOp.VERIFY) is None
    assert await tried(queue, HashOp.CREATE) is None
