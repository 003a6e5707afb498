"""Slow start: an endpoint that came back gets its share little by little.

A warming endpoint takes the more of what falls to it the longer it is back. That is one rule for
all algorithms, where a scaled weight (Envoy, HAProxy) would have to be built into each.
"""

from collections.abc import Iterable
from random import Random

from balancer.core.endpoint import Endpoint

COLDEST = 0.1
"""The least part of its share that a warming endpoint gets, or it would never warm: Envoy's."""


class SlowStart:
    """Who is warming, and since when. `seconds` is how long that takes; None for no such guard."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._since: dict[Endpoint, float] = {}

    def __bool__(self) -> bool:
        return bool(self._since)

    def __contains__(self, endpoint: Endpoint) -> bool:
        return endpoint in self._since

    def begin_anew(self, ready: Iterable[Endpoint], now: float) -> None:
        """Find out which of those that are ready came back so recently that they are warming."""
        window = self._seconds
        self._since = {
            endpoint: since
            for endpoint in ready
            if window is not None
            and (since := endpoint.health.since) is not None
            and now - since < window
        }

    def over(self, now: float) -> bool:
        """Whether somebody is warm by now."""
        window = self._seconds or 0.0
        return any(now - since >= window for since in self._since.values())

    def takes(self, endpoint: Endpoint, now: float, rng: Random) -> bool:
        """Whether an endpoint is warm enough for this one of those that fall to it."""
        since = self._since.get(endpoint)
        if since is None:
            return True
        return rng.random() < max(COLDEST, (now - since) / (self._seconds or 1.0))
