"""One measurement of one contender: what it costs and carries, or what latency it adds."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import k6, wrk
from bench.children import CannotRun, Child, Cpu
from bench.field import Field
from bench.peers import Program
from bench.wrk import Burst

WARM_UP = 1.0
"""Seconds of load before a measurement: connections are made, code and caches warm."""
START = 0.8
"""Seconds that it takes to start and stop a contender, for the time left; measured."""
START_K6 = 0.2
"""The same for k6."""


@dataclass(frozen=True)
class Load:
    """What makes the load, and how much of it."""

    wrk: Path | None
    k6: Program | None
    connections: int
    seconds: float

    def burst(self, port: int, seconds: float, directory: Path) -> Burst:
        """As many logins as go through in `seconds`."""
        if self.wrk is not None:
            return wrk.burst(self.wrk, port, self.connections, seconds, directory)
        if self.k6 is not None:
            return k6.burst(self.k6, port, self.connections, seconds, directory)
        raise CannotRun("there is nothing here to make load with")

    @property
    def throughput_seconds(self) -> float:
        """How long `throughput` takes, as reckoned."""
        return START + WARM_UP + self.seconds

    def latency_seconds(self, rates: int) -> float:
        """How long `latencies` takes at so many rates, as reckoned."""
        return START + WARM_UP + START_K6 + rates * (self.seconds + START_K6)


@dataclass(frozen=True)
class Sample:
    """What one contender did in one round, under as much load as it carries."""

    name: str
    round: int
    requests: int
    seconds: float
    errors: int
    user: float
    """CPU seconds of the proxy in user mode; 0 for `direct`."""
    system: float
    """CPU seconds of the proxy in the kernel."""

    @property
    def peak(self) -> float:
        """Logins a second."""
        return self.requests / self.seconds


@dataclass(frozen=True)
class Timed:
    """Latencies of one contender in one round at one arrival rate."""

    name: str
    round: int
    rate: int
    """Arrivals a second."""
    latency: k6.Latency


def throughput(field: Field, load: Load, name: str, number: int) -> Sample:
    """CPU time and logins a second under a closed loop of clients. Raises `CannotRun`."""
    with field.running(name) as (port, proxy):
        load.burst(port, WARM_UP, field.directory)
        before, began = _cpu(proxy), time.monotonic()
        done = load.burst(port, load.seconds, field.directory)
        after, took = _cpu(proxy), time.monotonic() - began
    if done.requests == 0:
        raise CannotRun(f"nothing went through {name} in {took:.1f} s")
    user, system = after.user - before.user, after.system - before.system
    return Sample(name, number, done.requests, done.seconds, done.errors, user, system)


def latencies(
    field: Field, load: Load, name: str, number: int, rates: Sequence[int]
) -> list[Timed]:
    """Latency at fixed arrival rates, one after the other. Raises `CannotRun`."""
    if load.k6 is None:
        raise CannotRun("latencies need k6")
    with field.running(name) as (port, _):
        k6.arrivals(load.k6, port, min(rates), WARM_UP, field.directory)
        return [
            Timed(name, number, one, k6.arrivals(load.k6, port, one, load.seconds, field.directory))
            for one in rates
        ]


def _cpu(proxy: Child | None) -> Cpu:
    return proxy.cpu() if proxy is not None else Cpu(0.0, 0.0)
