"""Passwords as handlers see them: checked, made and renewed, each by a job of the hash queue."""

import asyncio
import logging
import math
from dataclasses import dataclass, field
from functools import partial

from authsvc.hashing.passwords import Hasher, StoredHash
from authsvc.hashing.queue import HashQueue, HashRejectedError, Patience
from authsvc.metrics import HashOp, PasswordMetrics
from authsvc.store.accounts import Account
from authsvc.store.database import DatabaseUnavailableError
from authsvc.store.passwords import Passwords

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Checking:
    """No connection to the database is held while one of these hashes."""

    hasher: Hasher
    queue: HashQueue
    store: Passwords
    metrics: PasswordMetrics
    _renewals: set[asyncio.Task[None]] = field(default_factory=set)

    def refuse_if_full(self) -> None:
        """A cheap look before anything is written for a job. Raises HashRejectedError."""
        self.queue.refuse_if_full()

    async def right(self, guess: str, account: Account | None, patience: Patience) -> bool:
        """Whether it is the account's password: one job of one cost, whatever there is to check.

        Raises HashRejectedError.
        """
        stored = account.password if account else None
        self._complain_of(stored)
        op = HashOp.VERIFY if stored else HashOp.DUMMY
        return await self.queue.run(op, partial(self.hasher.verify, guess, stored), patience)

    async def make(self, password: str, patience: Patience) -> StoredHash:
        """What to store for a new password. Raises HashRejectedError, also beyond the budget."""
        return await self.queue.run(HashOp.CREATE, partial(self.hasher.create, password), patience)

    def renew(self, account: Account, password: str) -> None:
        """If the policy has risen, hash a right password anew: later, and only if there is room."""
        stored = account.password
        if stored is None or not self.hasher.outdated(stored):
            return
        task = asyncio.create_task(self._renew(account, stored, password))
        self._renewals.add(task)
        task.add_done_callback(self._renewals.discard)

    async def close(self) -> None:
        """Leave what is not renewed yet for the next login."""
        for task in self._renewals:
            task.cancel()
        await asyncio.gather(*self._renewals, return_exceptions=True)

    async def _renew(self, account: Account, stored: StoredHash, password: str) -> None:
        work = partial(self.hasher.create, password, stored.work_factor or 0)
        try:
            made = await self.queue.run(HashOp.REHASH, work, Patience(math.inf, _stays))
            renewed = await self.store.renew(account, stored, made)
        except (HashRejectedError, DatabaseUnavailableError):
            self.metrics.postponed.inc()
            return
        if renewed:
            self.metrics.renewed(stored.work_factor or stored.cost)
            _log.info("password hash renewed", extra={"from": stored.cost, "to": made.cost})

    def _complain_of(self, stored: StoredHash | None) -> None:
        reason = self.hasher.unusable(stored or self.hasher.dummy)
        if reason is not None:
            self.metrics.unusable.labels(reason).inc()
            _log.error("stored password hash cannot be checked", extra={"reason": reason})


def _stays() -> bool:
    return False
