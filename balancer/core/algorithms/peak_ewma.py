"""Peak EWMA: of two endpoints the one that should answer sooner."""

from collections.abc import Callable, Sequence
from math import exp
from random import Random

from balancer.core.algorithms.pair import Pair
from balancer.core.algorithms.settings import Settings
from balancer.core.algorithms.shares import ByWeight
from balancer.core.endpoint import Endpoint

DECAY = 10.0
"""Seconds until a cost has fallen to 1/e: Finagle's and linkerd's."""

PENALTY = 5.0
"""Seconds that a failure counts as having taken, at least: linkerd's for 5xx and 429."""

UNKNOWN = 1e6
"""Seconds that an endpoint is taken to need from its first attempt to that one's end."""


class PeakEwma(ByWeight):
    """P2C over cost · (in flight + 1) / weight, where cost follows the latency of late.

    The cost jumps to a higher latency at once, comes down by a moving average, and fades while
    nothing is heard, so that who was slow is tried again. An endpoint without history is tried, but
    by one attempt only. Source: Finagle's `PeakEwma`. A failure is a latency of `PENALTY`: without
    that, what fails fast looks best of all and draws everybody's traffic. Source: linkerd's
    penalised peak EWMA (`LoadBiaser`).
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        rng: Random,
        clock: Callable[[], float],
        settings: Settings,
    ) -> None:
        self._draw = Pair(endpoints, rng).draw
        self._clock = clock

    def pick(self, key: bytes) -> Endpoint:
        """The one of two drawn that promises to be sooner, the first drawn if equal; no key."""
        one, other = self._draw()
        now = self._clock()
        sooner = _load(other, now) * one.weight < _load(one, now) * other.weight
        return other if sooner else one

    def observe(self, endpoint: Endpoint, seconds: float, failed: bool, now: float) -> None:
        """Learn that an attempt ended, `seconds` after it began.

        `failed` says that it speaks against the endpoint: no answer, or one that means trouble.
        """
        load = endpoint.load
        kept = _kept(load.cost_at, now)
        took = max(seconds, PENALTY) if failed else seconds
        load.cost = took if took > load.cost else load.cost * kept + took * (1 - kept)
        load.cost_at = now

    def gave_up(self, endpoint: Endpoint, seconds: float, now: float) -> None:
        """Learn that an answer takes longer than that.

        If it were not learnt, the cost of an endpoint that hangs, whose clients all leave, would
        fade until it drew everybody. A client that left soon tells nothing.
        """
        load = endpoint.load
        if seconds > load.cost * _kept(load.cost_at, now):
            load.cost, load.cost_at = seconds, now


def _kept(since: float, now: float) -> float:
    """The part of a cost that is left after that time."""
    return exp((since - now) / DECAY) if now > since else 1.0


def _load(endpoint: Endpoint, now: float) -> float:
    load = endpoint.load
    cost = load.cost * _kept(load.cost_at, now)
    if not cost:
        cost = UNKNOWN if load.in_flight else 0.0
    return cost * (load.in_flight + 1)
