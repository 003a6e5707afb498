"""A claim is settled by what became of its attempt, also when the database is away for a while."""

import asyncio
import math
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from authsvc.api.problems import Code, ProblemError
from authsvc.api.throttle import Throttle
from authsvc.hashing.admission import Reason
from authsvc.hashing.queue import HashRejectedError
from authsvc.metrics import Metrics
from authsvc.origin import Origin
from authsvc.settings import Profile
from authsvc.store.database import Database
from authsvc.store.throttles import Throttles
from authsvc.throttling import Guess, Keys, Limits
from tests.authsvc.conftest import query

pytestmark = pytest.mark.live
KEYS = Keys.of(b"a secret of some length, for tests", Limits(3, 6, 5))
ORIGIN, TARGET = Origin("a request", "auth-1"), Guess("nobody", None)
COUNTED = "select array_agg(distinct attempts || '/' || failures) from throttles"
AWAY = "alter table throttles rename to throttles_away"
BACK = "alter table throttles_away rename to throttles"


@pytest.fixture
async def throttle(database: str) -> AsyncIterator[Throttle]:
    """Over an empty table."""
    await query(database, "delete from throttles")
    metrics = Metrics(Profile.LAB, 4)
    pool = Database(database, "test", metrics)
    await pool.open()
    yield Throttle(KEYS, Throttles(pool), metrics.throttling)
    await pool.close()


@pytest.mark.parametrize(
    "error",
    [HashRejectedError(Reason.DEADLINE, 1), ConnectionResetError(), asyncio.CancelledError()],
)
async def test_what_was_never_checked_is_given_back(
    throttle: Throttle, database: str, error: BaseException
) -> None:
    """Late, left, or the process ends."""
    with pytest.raises(type(error)):
        async with throttle.claimed(ORIGIN, TARGET):
            raise error
    assert await query(database, COUNTED) == ["0/0"]


async def test_what_was_wrong_counts(throttle: Throttle, database: str) -> None:
    """And after the limit nobody gets in, with a word on how long."""
    for _ in range(3):
        async with throttle.claimed(ORIGIN, TARGET) as claim:
            claim.count()
    assert await query(database, COUNTED) == ["3/3"]
    with pytest.raises(ProblemError) as refused:
        async with throttle.claimed(ORIGIN, TARGET):
            pytest.fail("it was let in")
    assert refused.value.code is Code.TOO_MANY_ATTEMPTS
    assert 25 <= int(refused.value.headers["Retry-After"]) <= 30


async def test_what_is_off_lets_everything_in(throttle: Throttle, database: str) -> None:
    """And writes nothing."""
    metrics = Metrics(Profile.LAB, 4)
    pool = Database(database, "test", metrics)
    await pool.open()
    off = Throttle(Keys.of(b"secret", Limits(*[math.inf] * 3)), Throttles(pool), metrics.throttling)
    for _ in range(5):
        async with off.claimed(ORIGIN, TARGET) as claim:
            claim.count()
    await pool.close()
    assert await query(database, COUNTED) is None


async def test_an_operator_unlocks_by_login(throttle: Throttle) -> None:
    """Who was kept out gets in."""
    for _ in range(3):
        async with throttle.claimed(ORIGIN, TARGET) as claim:
            claim.count()
    user_id = uuid4()
    assert await throttle.unlock(ORIGIN, user_id, TARGET.login)
    assert not await throttle.unlock(ORIGIN, user_id, TARGET.login)
    async with throttle.claimed(ORIGIN, TARGET) as claim:
        claim.count()


@pytest.mark.parametrize(("right", "counted"), [(True, ["0/0"]), (False, ["1/1"])])
async def test_what_cannot_be_settled_now_is_settled_later(
    throttle: Throttle, database: str, right: bool, counted: list[str]
) -> None:
    """Until then it counts; the attempt itself has its answer."""
    async with throttle.claimed(ORIGIN, TARGET) as claim:
        claim.clear() if right else claim.count()
        await query(database, AWAY)
    await throttle.settle_late()
    await query(database, BACK)
    assert await query(database, COUNTED) == ["1/0"]
    await throttle.settle_late()
    assert await query(database, COUNTED) == counted
    await throttle.settle_late()
    assert await query(database, COUNTED) == counted
