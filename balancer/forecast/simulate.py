"""One run of a pool under traffic, event by event, with the algorithm that balances live traffic.

The model of an endpoint is authsvc's: a first-in first-out queue before a few slots, each login
holding a slot for a fixed time. The model of a client is the load generator's: it comes when it is
due, waits for its patience, and leaves.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from balancer.core.endpoint import Endpoint, Load
from balancer.core.failure import Outcome
from balancer.core.pool import Pool
from balancer.forecast.traffic import Capacity, Traffic, source_address


@dataclass(slots=True)
class Tally:
    """What one endpoint was sent, and how it went."""

    attempts: int = 0
    judged: int = 0
    """Attempts that came after the settling time."""
    failed: int = 0
    """Of the judged ones, those not answered in time."""


@dataclass(slots=True)
class Run:
    """The outcome of one simulated run."""

    tallies: dict[str, Tally]
    unpicked: Tally = field(default_factory=Tally)
    """Requests for which no endpoint was ready."""

    @property
    def failing_share(self) -> float:
        """Share of the judged logins that failed."""
        tallies = [*self.tallies.values(), self.unpicked]
        judged = sum(tally.judged for tally in tallies)
        return sum(tally.failed for tally in tallies) / judged if judged else 0.0


class Station:
    """One endpoint's slots and queue. Times are seconds from the run's beginning."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._free = [0.0] * capacity.slots
        self._starts: list[float] = []

    def answer_at(self, now: float, patience: float) -> tuple[float, bool]:
        """When a login that comes now is answered, and whether with success.

        An answer may lie beyond the client's patience; a login that is dropped or refused is
        answered without success.
        """
        capacity, starts = self._capacity, self._starts
        while starts and starts[0] <= now:
            heapq.heappop(starts)
        begins = max(now, self._free[0])
        if capacity.queue is not None and begins > now and len(starts) >= capacity.queue:
            return now, False
        if begins > now:
            heapq.heappush(starts, begins)
        ends = begins + capacity.hash_seconds
        if capacity.abandoned == "drop" and ends > now + patience:
            return begins, False
        heapq.heapreplace(self._free, ends)
        return ends, True


def due_times(traffic: Traffic, rng: Random) -> Iterator[float]:
    """When each client comes, in seconds from the beginning."""
    now = 0.0
    while True:
        now += rng.expovariate(traffic.rate) if traffic.arrivals == "poisson" else 1 / traffic.rate
        if now >= traffic.duration:
            return
        yield now


class Clock:
    """The run's time, in seconds from its beginning."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(order=True, slots=True)
class Leaving:
    """A client that will leave at a moment, answered or not."""

    at: float
    number: int
    endpoint: Endpoint = field(compare=False)
    seconds: float = field(compare=False)
    outcome: Outcome = field(compare=False)
    code: str = field(compare=False)


def simulate(pool: Pool, traffic: Traffic, rng: Random) -> Run:
    """Send the traffic through the pool once. The pool's live counters are left as they were.

    Its guards are left out: what they change is not in the model of an endpoint yet.
    """
    clock = Clock()
    endpoints = [
        Endpoint(one.name, one.address, one.weight, one.state, Load(), one.health)
        for one in pool.endpoints
    ]
    twin = pool.twin(endpoints, rng, clock)
    stations = {one.name: Station(traffic.capacity) for one in endpoints}
    run = Run({one.name: Tally() for one in endpoints})
    leaving: list[Leaving] = []
    for number, now in enumerate(due_times(traffic, rng)):
        while leaving and leaving[0].at <= now:
            clock.now = leaving[0].at
            _leave(twin, heapq.heappop(leaving))
        clock.now = now
        endpoint = twin.pick(source_address(rng.randrange(traffic.sources)))
        tally, passed = run.unpicked, False
        if endpoint is not None:
            tally = run.tallies[endpoint.name]
            answered, passed = stations[endpoint.name].answer_at(now, traffic.patience)
            gone = min(answered, now + traffic.patience)
            outcome: Outcome = "ok" if answered <= gone else "client_gone"
            code = "" if outcome == "client_gone" else "201" if passed else "503"
            passed = passed and outcome == "ok"
            endpoint.load.in_flight += 1
            heapq.heappush(leaving, Leaving(gone, number, endpoint, gone - now, outcome, code))
        tally.attempts += 1
        if now >= traffic.settle:
            tally.judged += 1
            tally.failed += not passed
    return run


def _leave(twin: Pool, one: Leaving) -> None:
    """Return the lease, and let an algorithm that learns learn from it."""
    one.endpoint.load.in_flight -= 1
    if twin.observes:
        twin.observe(one.endpoint, one.outcome, one.code, one.seconds)
