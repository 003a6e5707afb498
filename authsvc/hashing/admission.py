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


def queue_bound(capacity_per_second: float, deadline: float, service: float) -> int:
    """How many jobs may wait so that the last still answers well within the deadline.

    capacity × (deadline - service) × 0.5: 9 at 10 hashes a second and 2 s. A queue as long as the
    deadline allows collapses like an unbounded one, since each wait is then just too long.
    """
    useful = capacity_per_second * (deadline - service) * _QUEUE_SHARE_OF_DEADLINE
    return max(1, math.floor(useful))


@dataclass(frozen=True, slots=True)
class Admission:
    """One instance's rules for hash jobs."""

    slots: int
    limit: float  # jobs that may wait; math.inf for no bound
    hash_seconds: float  # what one real hash takes here
    hold_seconds: float  # emulation: a slot is held at least this long; 0 is no emulation
    drops_abandoned: bool

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

    def retry_after(self, waiting: int) -> int:
        """Whole seconds until what waits now is done: RFC 9110 10.2.3 allows no fractions."""
        return max(1, math.ceil(waiting / self.capacity_per_second))

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
