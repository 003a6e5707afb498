"""At which arrival rates latencies are measured: half of what each carries, if k6 can make it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from bench.children import CannotRun
from bench.k6 import Latency
from bench.measure import Sample

MOST_DROPPED = 0.01
"""The part of its arrivals that k6 may miss before we take a rate for too high for it."""
MOST_OWN_P99 = 5.0
"""Milliseconds of p99 without any proxy; beyond that k6 measures its own queue."""
NEXT = 0.75
"""What part of a rate is tried when its p99 was too high."""
SPARE = 0.8
"""What part of that rate is driven where k6 is the limit: nearer to it, its p99 is its own."""
EASY = 0.6
"""What part of the arrivals that k6 made is tried when it dropped some."""
LOWEST = 100


@dataclass(frozen=True)
class Rates:
    """Arrivals a second."""

    common: int
    """The same for everybody: half of what the slowest carries."""
    own: Mapping[str, int]
    """For each contender half of what itself carries, or the most that k6 makes."""
    most: int
    """The most that k6 makes here and is on time."""

    def of(self, name: str) -> list[int]:
        """The rates at which a contender is measured, lowest first; `direct` at all of them."""
        own = set(self.own.values()) if name == "direct" else {self.own[name]}
        return sorted({self.common, *own})


def choose(samples: Iterable[Sample], most: int, fixed: int | None = None) -> Rates:
    """The rates that go with the peaks; `fixed` is the common one, if it is given."""
    halves = half_of_peaks(samples)
    own = {name: min(most, half) for name, half in halves.items() if name != "direct"}
    return Rates(fixed or min([*own.values(), most]), own, most)


def half_of_peaks(samples: Iterable[Sample]) -> dict[str, int]:
    """Half of what each contender carried, the median of its rounds, in tens."""
    peaks: dict[str, list[float]] = {}
    for one in samples:
        peaks.setdefault(one.name, []).append(one.peak)
    if not peaks:
        raise CannotRun("no contender could be measured")
    return {name: _tens(median(some) / 2) for name, some in peaks.items()}


def most_bearable(measure: Callable[[int], Latency], wanted: int, seconds: float) -> int:
    """A rate up to `wanted` at which k6 is on time by itself, with something to spare.

    A p99 that is too high may be a moment's noise, so it is taken up to three times.
    """
    rate = wanted
    while rate > LOWEST:
        seen = measure(rate)
        if seen.dropped > MOST_DROPPED * rate * seconds:
            rate = _tens(min(NEXT * rate, EASY * seen.requests / seconds))
        elif seen.p99 <= MOST_OWN_P99 or any(measure(rate).p99 <= MOST_OWN_P99 for _ in range(2)):
            break
        else:
            rate = _tens(NEXT * rate)
    return rate if rate == wanted else _tens(SPARE * rate)


def _tens(rate: float) -> int:
    return max(1, int(rate / 10) * 10)
