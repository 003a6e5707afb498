"""PromQL functions over a window of samples, with Prometheus's exact arithmetic.

Each takes the window's points, oldest first, and its bounds, and returns the value or None where
Prometheus returns no element. Source of the rules: prometheus/promql/functions.go, release 2.42
(Debian's), against which the tests compare.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from monitor.store import Point


@dataclass(frozen=True, slots=True)
class Window:
    """The samples of one series between two moments, in milliseconds, both included."""

    points: Sequence[Point]
    start_ms: int
    end_ms: int

    @property
    def range_s(self) -> float:
        """The window's length in seconds, as written in the selector."""
        return (self.end_ms - self.start_ms) / 1000


def increase(window: Window) -> float | None:
    """By how much a counter grew over the window, resets bridged, extrapolated to its edges.

    Rule: `extrapolatedRate` in functions.go. An edge farther away than 1.1 mean sample distances
    is taken to lie half a distance away, and never before the counter's zero.
    """
    points = window.points
    if len(points) < 2:
        return None
    grown = _grown(points)
    (first_ms, first), (last_ms, _) = points[0], points[-1]
    sampled = (last_ms - first_ms) / 1000
    spacing = sampled / (len(points) - 1)
    to_start = (first_ms - window.start_ms) / 1000
    to_end = (window.end_ms - last_ms) / 1000
    if grown > 0 and first >= 0:
        to_start = min(to_start, sampled * (first / grown))
    threshold = spacing * 1.1
    extended = sampled
    extended += to_start if to_start < threshold else spacing / 2
    extended += to_end if to_end < threshold else spacing / 2
    return grown * (extended / sampled)


def rate(window: Window) -> float | None:
    """`increase` per second."""
    grown = increase(window)
    return None if grown is None else grown / window.range_s


def changes(window: Window) -> float | None:
    """How often the value differed from the one before; NaN equals NaN here."""
    if not window.points:
        return None
    return float(
        sum(
            new != old and not (math.isnan(new) and math.isnan(old))
            for (_, old), (_, new) in pairwise(window.points)
        )
    )


def max_over_time(window: Window) -> float | None:
    """The greatest value; NaN only if there is nothing else."""
    return greatest([value for _, value in window.points]) if window.points else None


def min_over_time(window: Window) -> float | None:
    """The least value; NaN only if there is nothing else."""
    return least([value for _, value in window.points]) if window.points else None


def avg_over_time(window: Window) -> float | None:
    """The mean of the values, each sample weighing the same."""
    return mean([value for _, value in window.points]) if window.points else None


def greatest(values: Sequence[float]) -> float:
    """The greatest of at least one value; NaN yields to any number, as in Prometheus."""
    return max((v for v in values if not math.isnan(v)), default=math.nan)


def least(values: Sequence[float]) -> float:
    """The least of at least one value; NaN yields to any number, as in Prometheus."""
    return min((v for v in values if not math.isnan(v)), default=math.nan)


def mean(values: Sequence[float]) -> float:
    """The mean of at least one value."""
    return sum(values) / len(values)


def _grown(points: Sequence[Point]) -> float:
    """Last minus first, plus what the counter had reached before each reset."""
    lost = sum(old for (_, old), (_, new) in pairwise(points) if new < old)
    return points[-1][1] - points[0][1] + lost


RANGE_FUNCTIONS: dict[str, Callable[[Window], float | None]] = {
    function.__name__: function
    for function in (rate, increase, changes, max_over_time, min_over_time, avg_over_time)
}
