"""Which hash jobs are taken, when their slot starts, and which are no longer worth doing.

DECISIONS: no clock, no loop, no thread. Times are seconds of one monotonic clock, passed in.
Measured at three times capacity: with an unbounded queue 13 % of the work is of use to anybody,
with a bounded one all of it.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

_QUEUE_SHARE_OF_DEADLINE = 0.5  # half the deadline is kept for bursts, the database and the network


class Reason(StrEnum):
    """Why a job was not hashed."""

    QUEUE_FULL = "queue_full"
    DEADLINE = "deadline"
    CLIENT_GONE = "client_gone"
    CREATE_BUDGET = "create_budget"


def queue_bound(capacity_per_second: float, deadline: float, service: float) -> int:
    """How many jobs may wait so that the last still answers well within the deadline.

    capacity × (deadline - service) × 0.5: 9 at 10 hashes a second and 2 s. A queue as long as the
    deadline allows collapses like an unbounded one, since each wait is then just too long.
    """
    useful = capacity_per_second * (deadline - service) * _QUEUE_SHARE_OF_DEADLINE
    return max(1, math.floor(useful))


class CreateBudget:
    """How many passwords may be *made*: a small share of the hashes, so that a flood of
    registrations leaves the rest to logins (ASVS 5.0 15.2.2, 2.4.1).

    A token bucket. Renewing an old hash, which nobody waits for, leaves the last token to those
    who do: else a raised cost would close registration until everybody has logged in.
    """

    def __init__(self, per_second: float, burst: int = 2) -> None:
        self._per_second, self._burst = per_second, burst
        self._tokens, self._since = float(burst), -math.inf

    def take(self, now: float, *, leave: int = 0) -> bool:
        """One token, if `leave` are left then."""
        held = self._held(now)
        if held < 1 + leave:
            return False
        self._tokens, self._since = held - 1, now
        return True

    def seconds_until(self, now: float) -> float:
        """From now until a token is there."""
        return max(0.0, (1 - self._held(now)) / self._per_second)

    def _held(self, now: float) -> float:
        return min(self._burst, self._tokens + (now - self._since) * self._per_second)


@dataclass(frozen=True, slots=True)
class Admission:
    """One instance's rules for hash jobs."""

    slots: int
    limit: float  # jobs that may wait; math.inf for no bound
    hash_seconds: float  # what one real hash takes here
    hold_seconds: float  # emulation: a slot is held at least this long; 0 is no emulation
    drops_abandoned: bool
    create_share: float = 0.1  # of the capacity, for making passwords

    @property
    def service_seconds(self) -> float:
        """How long one job keeps a slot."""
        return max(self.hash_seconds, self.hold_seconds)

    @property
    def capacity_per_second(self) -> float:
        """Jobs a second with every slot busy."""
        return self.slots / self.service_seconds

    def admits(self, waiting: int, idle_slots: int) -> bool:
        """Whether one more may wait; a job that an idle slot will take at once is not waiting."""
        return waiting < self.limit + idle_slots

    def create_budget(self) -> CreateBudget:
        """A full one."""
        rate = self.create_share * self.capacity_per_second
        return CreateBudget(rate, burst=1 + self.creates_waiting)

    @property
    def creates_waiting(self) -> int:
        """How many passwords to make may wait: their share of the queue, or of a second's work."""
        return max(1, int(self.create_share * min(self.limit, self.capacity_per_second)))

    def retry_after(self, waiting: int, budget_seconds: float = 0.0) -> int:
        """Whole seconds until what waits now is done, and what may be spent is there again:
        RFC 9110 10.2.3 allows no fractions."""
        return max(1, math.ceil(waiting / self.capacity_per_second), math.ceil(budget_seconds))

    def starts_at(self, now: float, slot_free_at: float, arrived: float) -> float:
        """When the job's slot starts.

        Emulated, it starts when the slot was *due* to be free and the job was there, not when the
        loop got round to it: otherwise each late wake-up would lower the rate for good. Catching
        up is bounded to one hold, so that a process that was stopped does not burst afterwards.
        """
        if not self.hold_seconds:
            return now
        return max(slot_free_at, arrived, now - self.hold_seconds)

    def ends_at(self, start: float, now: float) -> float:
        """When a job that starts so will be answered."""
        return max(start + self.hold_seconds, now + self.hash_seconds)

    def drop_reason(self, ends_at: float, deadline: float, client_gone: bool) -> Reason | None:
        """Why the job at the head is not worth its hash, or None."""
        if not self.drops_abandoned:
            return None
        if client_gone:
            return Reason.CLIENT_GONE
        return Reason.DEADLINE if ends_at > deadline else None
