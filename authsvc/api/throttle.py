"""Claims an attempt before it is made, and settles it afterwards, whatever happened."""

import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from authsvc.api.problems import Code, ProblemError
from authsvc.metrics import ThrottleMetrics
from authsvc.origin import Origin
from authsvc.store.database import DatabaseUnavailableError
from authsvc.store.throttles import Place, Refused, Throttles
from authsvc.throttling import Deed, Guess, Key, Keys, retry_after

_MOST_LATE = 10_000  # some megabytes; a longer outage forgets the oldest, which then count as wrong
_log = logging.getLogger(__name__)


class Ending(StrEnum):
    """What became of an attempt."""

    UNCHECKED = "unchecked"
    RIGHT = "right"
    COUNTS = "counts"


@dataclass(slots=True)
class Attempt:
    """One that was let in. Unless its handler says otherwise it was never checked."""

    ending: Ending = Ending.UNCHECKED

    def clear(self) -> None:
        """It was right."""
        self.ending = Ending.RIGHT

    def count(self) -> None:
        """It was wrong; or it was done, where every one that is done counts."""
        self.ending = Ending.COUNTS


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A claim, and what became of its attempt."""

    origin: Origin
    ending: Ending
    claimed: Sequence[Key]
    place: Place


class Throttle:
    """Lets attempts in while their limits allow it."""

    def __init__(self, keys: Keys, store: Throttles, metrics: ThrottleMetrics) -> None:
        self.keys = keys
        self._store = store
        self._metrics = metrics
        self._late: deque[Unsettled] = deque(maxlen=_MOST_LATE)

    @asynccontextmanager
    async def claimed(self, origin: Origin, target: Guess | Deed) -> AsyncIterator[Attempt]:
        """Claim an attempt for the block's length; say in it `clear` or `count`, or it is undone.

        Raises ProblemError (429, with a true Retry-After) and DatabaseUnavailableError.
        """
        guess = target if isinstance(target, Guess) else None
        place = Place(guess.user_id if guess else None, self.keys.place(origin.source))
        claim = await self._store.claim(self.keys.of_target(target, origin.source), place)
        if isinstance(claim, Refused):
            wait = {"Retry-After": str(retry_after(claim.wait))}
            raise ProblemError(Code.TOO_MANY_ATTEMPTS, headers=wait)
        attempt = Attempt()
        try:
            yield attempt
        finally:
            if guess and attempt.ending is Ending.COUNTS:
                self._log(origin, guess)
            await self._settle(Unsettled(origin, attempt.ending, claim, place))

    async def unlock(self, origin: Origin, user_id: UUID, login: str) -> bool:
        """Forget what was counted for an account of that (normalised) login; False if nothing was.

        Raises DatabaseUnavailableError.
        """
        return await self._store.unlock(origin, user_id, self.keys.account(login))

    async def settle_late(self) -> None:
        """Once more for what the database would not take; until then it counts: the safe side."""
        for _ in range(len(self._late)):
            if not await self._settle(self._late.popleft()):
                return

    async def _settle(self, one: Unsettled) -> bool:
        try:
            match one.ending:
                case Ending.UNCHECKED:
                    await self._store.give_back(one.claimed)
                case Ending.RIGHT:
                    await self._store.clear(one.claimed, one.place)
                case Ending.COUNTS:
                    for scope in await self._store.count(one.origin, one.claimed, one.place):
                        self._metrics.blocks.labels(scope).inc()
        except DatabaseUnavailableError:  # the database has logged and counted it
            self._late.append(one)
            return False
        return True

    def _log(self, origin: Origin, guess: Guess) -> None:
        """Operators can see that it is the same login again, and nobody sees which."""
        told = {
            "request_id": origin.request_id,
            "trace_id": origin.trace_id,
            "source": origin.source,
            "login_hmac": self.keys.login_hmac(guess.login),
        }
        _log.info("password refused", extra=told)
