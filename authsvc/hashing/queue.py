"""A bounded queue of hash jobs in front of a few threads: what keeps a flooded instance useful.

`admission` decides; here are the waiting, the threads and the counting. bcrypt releases the GIL, so
a thread per slot uses a core per slot; the pool is our own, since the default one would run dozens.
The event loop never waits for a hash.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from authsvc import cores, spent
from authsvc.hashing.admission import Admission, Reason
from authsvc.metrics import HashMetrics, HashOp

T = TypeVar("T")
Clock = Callable[[], float]


class HashRejectedError(Exception):
    """The job was not done; `retry_after` is whole seconds until what waits now is."""

    def __init__(self, reason: Reason, retry_after: int) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Patience:
    """Until when, on the queue's clock, an answer is of use, and whether its reader has left."""

    deadline: float
    client_gone: Callable[[], bool]


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    op: HashOp
    work: Callable[[], Any]
    patience: Patience
    arrived: float
    answer: asyncio.Future[Any]
    spent: spent.Spent


class HashQueue:
    """Runs hash jobs in order of arrival, `admission.slots` at a time."""

    def __init__(
        self, admission: Admission, metrics: HashMetrics, clock: Clock = time.monotonic
    ) -> None:
        self.admission = admission
        self._metrics = metrics
        self._clock = clock
        self._waiting: asyncio.Queue[_Job] = asyncio.Queue()
        self._budget = admission.create_budget()
        self._creates_waiting = 0
        self._busy = 0
        self._threads = ThreadPoolExecutor(
            admission.slots, thread_name_prefix="hash", initializer=cores.step_back
        )
        self._slots: list[asyncio.Task[None]] = []

    @property
    def depth(self) -> int:
        """Jobs that wait."""
        return self._waiting.qsize()

    @property
    def in_progress(self) -> int:
        """Slots that are held."""
        return self._busy

    def start(self) -> None:
        """Open the slots; needs a running loop."""
        self._slots = [asyncio.create_task(self._slot()) for _ in range(self.admission.slots)]

    def refuse_if_full(self) -> None:
        """A cheap look before work that a full queue would make useless. Raises as `run` does."""
        if not self.admission.admits(self.depth, self.admission.slots - self._busy):
            raise self._rejection(Reason.QUEUE_FULL)

    async def run(self, op: HashOp, work: Callable[[], T], patience: Patience) -> T:
        """What `work` returns, done in a slot. Raises HashRejectedError, and what it raises."""
        self.refuse_if_full()
        if op.creates:
            self._spend(op)
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        job = _Job(op, work, patience, self._clock(), answer, spent.now())
        self._waiting.put_nowait(job)
        return await answer

    def drop_abandoned(self) -> None:
        """From now on do nothing for nobody: a process that leaves has no time for it."""
        self.admission = replace(self.admission, drops_abandoned=True)

    async def close(self) -> None:
        """Let go of the slots and cancel every answer that is still owed."""
        for slot in self._slots:
            slot.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)
        while not self._waiting.empty():
            self._waiting.get_nowait().answer.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _spend(self, op: HashOp) -> None:
        """Take a place among those who make passwords. Raises HashRejectedError."""
        crowded = self._creates_waiting >= self.admission.creates_waiting
        if crowded or not self._budget.take(self._clock(), leave=op is HashOp.REHASH):
            raise self._rejection(Reason.CREATE_BUDGET)
        self._creates_waiting += 1

    async def _slot(self) -> None:
        free_at = self._clock()
        while True:
            job = await self._waiting.get()
            self._creates_waiting -= job.op.creates
            if job.answer.done():  # its handler was cancelled while it waited
                continue
            now = self._clock()
            start = self.admission.starts_at(now, free_at, job.arrived)
            ends = self.admission.ends_at(start, now)
            gone = job.patience.client_gone()
            reason = self.admission.drop_reason(ends, job.patience.deadline, gone)
            if reason is not None:
                job.answer.set_exception(self._rejection(reason))
                continue
            job.spent.queue = max(0.0, start - job.arrived)
            self._metrics.wait.observe(job.spent.queue)
            free_at = await self._hold(job, start)

    async def _hold(self, job: _Job, start: float) -> float:
        """Do the work, keep the slot for as long as it is due, then answer. When it was free."""
        self._busy += 1
        self._metrics.in_progress.set(self._busy)
        try:
            outcome = await self._in_thread(job.work)
            due = start + self.admission.hold_seconds
            await asyncio.sleep(max(0.0, due - self._clock()))
            now = self._clock()
            job.spent.hash = now - start
            self._metrics.held(job.op, now - start)
            _settle(job.answer, outcome)
            return due if self.admission.hold_seconds else now
        finally:
            job.answer.cancel()  # nothing, unless this slot was closed in the middle
            self._busy -= 1
            self._metrics.in_progress.set(self._busy)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        """What `work` returned, or the exception it raised, which belongs to its caller."""
        done = asyncio.get_running_loop().run_in_executor(self._threads, work)
        await asyncio.wait([done])
        return done.exception() or done.result()

    def _rejection(self, reason: Reason) -> HashRejectedError:
        self._metrics.rejected.labels(reason).inc()
        short = reason is Reason.CREATE_BUDGET
        budget_seconds = self._budget.seconds_until(self._clock()) if short else 0.0
        return HashRejectedError(reason, self.admission.retry_after(self.depth, budget_seconds))


def _settle(answer: asyncio.Future[Any], outcome: object) -> None:
    if answer.done():  # its handler was cancelled while the slot was held
        return
    if isinstance(outcome, BaseException):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
