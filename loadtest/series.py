"""From records to curves: what the report draws, as plain lists. Pure.

Times are seconds since the run's zero, which is the beginning of its first phase.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from loadtest.exchange import DROPPED, OK, Exchange
from loadtest.measurement import PERCENTILES, percentile
from loadtest.timeline import Sample

WINDOW = 3.0
"""Seconds of logins that one point of a latency curve looks at: enough for a p95 at 32 a second."""


@dataclass(frozen=True)
class Curve:
    """Points of one line; NaN where there is nothing to draw."""

    times: Sequence[float]
    values: Sequence[float]


def success(exchanges: Sequence[Exchange], zero: float, step: float = 1.0) -> Curve:
    """The share of the logins due in each second that ended in a session, at its middle."""
    bins: dict[int, list[bool]] = {}
    for exchange in exchanges:
        if exchange.outcome != DROPPED:
            bins.setdefault(int((exchange.due - zero) // step), []).append(exchange.outcome == OK)
    order = sorted(bins)
    return Curve([(i + 0.5) * step for i in order], [sum(bins[i]) / len(bins[i]) for i in order])


def latencies(
    exchanges: Sequence[Exchange], zero: float, phases: Sequence[tuple[str, float, float]]
) -> dict[str, Curve]:
    """The PERCENTILES of the logins due in the WINDOW around each half second, by name.

    A window never reaches over a phase's border, where everything changes at once. `phases` gives
    names, begins and ends since `zero`.
    """
    times: list[float] = []
    near: list[list[float]] = []
    for name, begin, end in phases:
        due = [
            (one.due - zero, one.latency)
            for one in exchanges
            if one.phase == name and one.outcome != DROPPED
        ]
        for half in range(int((end - begin) * 2) + 1):
            time = begin + half / 2
            times.append(time)
            near.append([late for at, late in due if abs(at - time) <= WINDOW / 2])
    return {
        name: Curve(times, [percentile(values, share) for values in near])
        for name, share in PERCENTILES.items()
    }


def shares(samples: Sequence[Sample], zero: float) -> dict[str, Curve]:
    """Each instance's share of the attempts between one sample and the next."""
    if not samples:
        return {}
    times = [sample.at - zero for sample in samples[1:]]
    curves: dict[str, list[float]] = {name: [] for name in samples[0].attempts}
    for before, after in pairwise(samples):
        added = {name: after.attempts[name] - before.attempts[name] for name in curves}
        every = sum(added.values())
        for name, count in added.items():
            curves[name].append(count / every if every else math.nan)
    return {name: Curve(times, values) for name, values in curves.items()}


def queues(samples: Sequence[Sample], zero: float) -> dict[str, Curve]:
    """Each instance's hash queue depth at each sample."""
    times = [sample.at - zero for sample in samples]
    names = samples[0].queue_depth if samples else {}
    return {name: Curve(times, [s.queue_depth[name] for s in samples]) for name in names}


def recovered_at(exchanges: Sequence[Exchange], after: float) -> float | None:
    """When the last failing login since `after` was due; None when even the last ones fail.

    `after` itself when no login has failed since. The run must have gone on without failures for
    as long as a WINDOW to call that a recovery.
    """
    later = [exchange for exchange in exchanges if exchange.due >= after]
    failed = [exchange.due for exchange in later if exchange.outcome != OK]
    last = max(failed, default=after)
    end = max((exchange.due for exchange in later), default=after)
    return last if end - last >= WINDOW else None
