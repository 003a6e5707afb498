"""One measurement of one contender."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench import k6, wrk
from bench.children import CannotRun, Child, Cpu
from bench.field import Field
from bench.peers import Program
from bench.wrk import Burst

WARM_UP = 1.0
"""Seconds of load before a measurement: connections are made, code and caches warm."""

MOST_DROPPED = 0.01
"""Seconds' worth of arrivals that k6 may miss before we take the rate for too high for it."""


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


@dataclass
class Sample:
    """What one contender did in one round."""

    name: str
    round: int
    requests: int
    seconds: float
    errors: int
    user: float
    """CPU seconds of the proxy in user mode; 0 for `direct`."""
    system: float
    """CPU seconds of the proxy in the kernel."""
    rate: int = 0
    """Arrivals a second while latencies were measured; 0 if they were not."""
    latency: k6.Latency | None = None


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


def latencies(field: Field, load: Load, name: str, rate: int) -> k6.Latency:
    """Latency at a fixed arrival rate. Raises `CannotRun`."""
    if load.k6 is None:
        raise CannotRun("latencies need k6")
    with field.running(name) as (port, _):
        k6.arrivals(load.k6, port, rate, WARM_UP, field.directory)
        return k6.arrivals(load.k6, port, rate, load.seconds, field.directory)


def bearable(field: Field, load: Load, rate: int) -> int:
    """The rate, or as much of it as k6 makes on its core: halved until `direct` is on time."""
    while rate > 100 and latencies(field, load, "direct", rate).dropped > MOST_DROPPED * rate:
        rate //= 2
    return rate


def half_of_slowest(samples: Iterable[Sample]) -> int:
    """Half of what the slowest contender carried in the first round: a rate that all can take."""
    peaks = [one.requests / one.seconds for one in samples if one.round == 1]
    if not peaks:
        raise CannotRun("no contender could be measured")
    return max(1, int(min(peaks) / 2 / 10) * 10)


def _cpu(proxy: Child | None) -> Cpu:
    return proxy.cpu() if proxy is not None else Cpu(0.0, 0.0)
