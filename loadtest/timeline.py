"""What is sampled once a second during a run, for the live display and the charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadtest.counts import read
from loadtest.exchange import OK, Exchange
from loadtest.metrics import QUEUE_DEPTH, total


@dataclass(frozen=True)
class Sample:
    """The state at one moment (monotonic): totals of attempts, queue depths, firing alerts."""

    at: float
    attempts: Mapping[str, int]
    queue_depth: Mapping[str, int]
    firing: Sequence[str]

    @staticmethod
    def of_pages(at: float, instances: Mapping[str, str], firing: Sequence[str]) -> "Sample":
        """From the instances' metrics pages. Raises LookupError when one lacks a metric."""
        depths = {name: int(total(page, QUEUE_DEPTH)) for name, page in instances.items()}
        return Sample(at, read(instances, "").instances, depths, firing)


def recent_shares(samples: Sequence[Sample]) -> dict[str, float]:
    """Each instance's share of the attempts between the last two samples; 0 without any."""
    if not samples:
        return {}
    before = samples[-2].attempts if len(samples) > 1 else {}
    added = {name: count - before.get(name, 0) for name, count in samples[-1].attempts.items()}
    every = sum(added.values())
    return {name: count / every if every else 0.0 for name, count in added.items()}


def recent_success(exchanges: Sequence[Exchange], now: float, span: float = 3.0) -> float | None:
    """The share of logins finished in the last `span` seconds that succeeded; None without any.

    Finished, not due: those that still wait are not known yet, so this lags by up to the patience.
    """
    recent = []
    for exchange in reversed(exchanges):
        if exchange.done < now - 2 * span:  # records arrive almost in order of `done`
            break
        if exchange.done >= now - span:
            recent.append(exchange.outcome == OK)
    return sum(recent) / len(recent) if recent else None
