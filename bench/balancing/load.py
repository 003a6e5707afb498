"""The load: open arrivals with a seed, from two hundred sources that keep their connections.

Arrivals wait for no answer, and latency counts from the moment a login was due, so that a proxy
cannot look better by holding up those who come later.
"""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

SOURCES = 200
START_AND_STOP = 4.0
"""Seconds for that, with seven proxies on two cores."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent at each proxy."""

    rate: float = 200.0
    """Logins a second."""
    seconds: float = 10.0
    settle: float = 2.0
    """Seconds of the same load before it counts."""
    seed: int = 1
    patience: float = 2.0
    """Seconds from when a login was due until its source gives up."""

    @property
    def whole(self) -> float:
        """Seconds that a batch takes, starting and stopping included."""
        return self.settle + self.seconds + START_AND_STOP


class Arrival(NamedTuple):
    """A login to come."""

    due: float
    """Seconds after the beginning."""
    source: int
    work: float
    """How much it asks of an endpoint, in service times."""


class Fate(NamedTuple):
    """What became of a login."""

    due: float
    """Seconds after the beginning."""
    late: float
    """Seconds by which we were late in sending it."""
    seconds: float
    """From when it was due."""
    status: int
    """0 without an answer."""


def schedule(load: Load) -> list[Arrival]:
    """Poisson arrivals; work even between half and one and a half; the same for the same seed."""
    rng = Random(load.seed)  # noqa: S311 # arrivals must be reproducible from their seed
    arrivals: list[Arrival] = []
    due = rng.expovariate(load.rate)
    while due < load.settle + load.seconds:
        arrivals.append(Arrival(due, rng.randrange(SOURCES), rng.uniform(0.5, 1.5)))
        due += rng.expovariate(load.rate)
    return arrivals


def addresses(seed: int) -> list[str]:
    """As many loopback addresses as sources, from all over 127/8: `source_hash` reads a /24."""
    rng = Random(seed)  # noqa: S311 # the same reason
    return [f"127.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            for number in rng.sample(range(1 << 16, 0xFEFFFF), SOURCES)]  # fmt: skip
