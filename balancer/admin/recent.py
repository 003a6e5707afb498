"""What endpoints did over the last ten seconds: differences of their counters, taken once a second.

Ten seconds, as a share of fewer attempts says little: of 32 logins a second to five endpoints, a
fifth of one second's is 6.4 ± 2.3.
"""

from collections import deque
from typing import NamedTuple, cast

from balancer.core.endpoint import LATENCY_BUCKETS, Load
from balancer.core.failure import Outcome, is_failure

SPAN = 10
"""Seconds, and samples of one a second."""


class Counts(NamedTuple):
    """A load's counters at one moment, or what they grew by between two."""

    at: float
    attempts: int
    finished: int
    failed: int
    """Speak against the endpoint: no answer, or a 5xx."""
    abandoned: int
    """Clients that left before their answer was whole: where an overload shows first."""
    seconds: float
    buckets: tuple[int, ...]

    @classmethod
    def of(cls, load: Load, now: float) -> "Counts":
        """As they are now."""
        failed = abandoned = 0
        for (outcome, code), count in load.finished.items():
            if outcome == "client_gone":
                abandoned += count
            elif count and is_failure(cast(Outcome, outcome), code):
                failed += count
        buckets = tuple(load.bucket_counts)
        return cls(now, load.attempts, sum(buckets), failed, abandoned, load.seconds, buckets)

    def less(self, before: "Counts") -> "Counts":
        """What came after `before`; `at` is then the seconds between the two."""
        return Counts(
            self.at - before.at,
            self.attempts - before.attempts,
            self.finished - before.finished,
            self.failed - before.failed,
            self.abandoned - before.abandoned,
            self.seconds - before.seconds,
            tuple(a - b for a, b in zip(self.buckets, before.buckets, strict=True)),
        )

    @property
    def mean(self) -> float | None:
        """Seconds from head to end, of those that ended; None if none did."""
        return self.seconds / self.finished if self.finished else None

    def quantile(self, q: float) -> float | None:
        """Seconds that a share `q` stayed below, by Prometheus's `histogram_quantile`."""
        rank, below, least = q * self.finished, 0, 0.0
        if not self.finished:
            return None
        for bound, count in zip(LATENCY_BUCKETS, self.buckets, strict=False):
            if count and below + count >= rank:
                return least + (bound - least) * (rank - below) / count
            below, least = below + count, bound
        return least


class Recent:
    """Remembers samples; keyed by `Load`, which lives on through reloads."""

    def __init__(self) -> None:
        self._samples: deque[dict[Load, Counts]] = deque(maxlen=SPAN)

    def keep(self, sample: dict[Load, Counts]) -> None:
        """Keep how the counters stand; call it once a second."""
        self._samples.append(sample)

    def growth(self, load: Load, now: float) -> Counts:
        """What a load's counters grew by since its oldest sample that is kept."""
        counts = Counts.of(load, now)
        for sample in self._samples:
            if load in sample:
                return counts.less(sample[load])
        return counts.less(counts)
