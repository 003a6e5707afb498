"""Fires a schedule of arrivals: one greenlet each, never waiting for an answer.

What a slow service makes longer is the number in flight, up to a cap that protects the machine.
An arrival beyond the cap is recorded as `dropped`: the generator failed to offer it, and the
verdict judges that.
"""

import math
import time
from collections.abc import Callable, Iterable

import gevent
from gevent.event import Event
from gevent.pool import Group

from loadtest.arrivals import Arrival
from loadtest.exchange import DROPPED, Exchange

Send = Callable[[str, Arrival, float], Exchange]
Record = Callable[[Exchange], None]


class OpenArrivals:
    """Offers schedules, one after the other or several at once, under one in-flight cap."""

    def __init__(self, send: Send, record: Record, cap: int) -> None:
        self._send = send
        self._record = record
        self._cap = cap
        self._flying = Group()

    @property
    def in_flight(self) -> int:
        """Logins that have begun and not ended."""
        return len(self._flying)

    def offer(self, phase: str, schedule: Iterable[Arrival], stop: Event) -> int:
        """Fire the schedule from its beginning until `stop` is set; return how many were offered.

        An arrival that was due before the stop is fired even if the generator is late, so that
        lateness shows as schedule lag and not as traffic that silently never was.
        """
        began = time.monotonic()
        end = math.inf
        offered = 0
        for arrival in schedule:
            due = began + arrival.offset
            now = time.monotonic()
            if due > now:
                if stop.wait(due - now):
                    return offered
            else:
                gevent.sleep(0)  # behind the schedule: answers must be read all the same
                end = min(end, now) if stop.is_set() else end
                if due > end:
                    return offered
            offered += 1
            self._fire(phase, arrival, due)
        return offered

    def settle(self, timeout: float) -> None:
        """Wait until nothing is in flight, at most `timeout` seconds."""
        self._flying.join(timeout)

    def _fire(self, phase: str, arrival: Arrival, due: float) -> None:
        if len(self._flying) >= self._cap:
            self._record(Exchange(phase, arrival.n, due, None, time.monotonic(), DROPPED))
        else:
            self._flying.spawn(lambda: self._record(self._send(phase, arrival, due)))
