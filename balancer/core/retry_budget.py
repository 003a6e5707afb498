"""A retry budget: retries may be a share of the requests, so that they never become the load.

Source: Finagle's RetryBudget (a share of the requests of the last ten seconds, and a floor per
second, so that a quiet service may retry at all). The window here is exponential, which needs two
numbers instead of ten buckets.
"""

import math

WINDOW = 10.0
"""Seconds for which a request counts towards the budget: Finagle's."""


class RetryBudget:
    """Grants or refuses retries. Costs a request that needs none nothing at all."""

    def __init__(self, share: float, floor: float, now: float) -> None:
        """`share` of the requests may be retried, and `floor` retries a second in any case."""
        self._share = share
        self._floor = floor
        self._balance = floor * WINDOW
        self._seen = 0
        self._then = now
        self.refused = 0
        """Retries that were refused."""

    def take(self, requests: int, now: float) -> bool:
        """Whether a retry is granted; `requests` is how many there have been in all so far."""
        elapsed = max(now - self._then, 1e-6)
        fade = math.exp(-elapsed / WINDOW)
        kept = WINDOW / elapsed * (1 - fade)
        """What is left now of one request, if they came evenly since the last look."""
        came = self._share * max(0, requests - self._seen) + self._floor * elapsed
        self._balance = self._balance * fade + came * kept
        self._seen, self._then = requests, now
        if self._balance < 1:
            self.refused += 1
            return False
        self._balance -= 1
        return True
