"""The monitor's memory: recent samples of every series, bounded by time and by number."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from monitor.values import NAME, Labels

Sample: TypeAlias = tuple[int, float | None]
"""Milliseconds since 1970 and a value; None is Prometheus's stale marker: the series ended."""

Point: TypeAlias = tuple[int, float]


@dataclass(slots=True, eq=False)
class Series:
    """One series with its samples, oldest first."""

    labels: Labels
    samples: deque[Sample] = field(default_factory=deque)

    def latest(self, at_ms: int, lookback_ms: int) -> float | None:
        """The newest value at `at_ms` that is at most `lookback_ms` old; None if it ended.

        Prometheus 2's rule, both ends included (promql/engine.go, vectorSelectorSingle).
        """
        for moment, value in reversed(self.samples):
            if moment <= at_ms:
                return value if moment >= at_ms - lookback_ms else None
        return None

    def window(self, start_ms: int, end_ms: int) -> list[Point]:
        """The samples from `start_ms` to `end_ms`, both included, oldest first, no stale markers.

        Prometheus 2 includes the start; Prometheus 3 leaves it out.
        """
        points: list[Point] = []
        for moment, value in reversed(self.samples):
            if moment < start_ms:
                break
            if moment <= end_ms and value is not None:
                points.append((moment, value))
        points.reverse()
        return points


class Store:
    """Series by name. It forgets the oldest sample first, whichever bound is reached.

    `ledger` holds one entry for each sample, in order of arrival, so that forgetting the oldest
    costs the same however much is stored.
    """

    def __init__(self, retention_ms: int, max_samples: int) -> None:
        """Keep samples for `retention_ms`, and never more than `max_samples` of them."""
        self.retention_ms = retention_ms
        self.max_samples = max_samples
        self.evicted = 0
        self.out_of_order = 0
        self._by_name: dict[str, dict[Labels, Series]] = {}
        self._ledger: deque[Series] = deque()

    def append(self, labels: Labels, at_ms: int, value: float | None) -> None:
        """Add a sample (None: the series ends here).

        A sample not newer than its series' last is counted in `out_of_order` and left out, and
        one pushed out by `max_samples` is counted in `evicted`.
        """
        name = dict(labels)[NAME]
        family = self._by_name.setdefault(name, {})
        series = family.get(labels)
        if series is None:
            series = family[labels] = Series(labels)
        elif at_ms <= series.samples[-1][0]:
            self.out_of_order += 1
            return
        series.samples.append((at_ms, value))
        self._ledger.append(series)
        while self._ledger[0].samples[0][0] < at_ms - self.retention_ms:
            self._forget_oldest()
        while len(self._ledger) > self.max_samples:
            self._forget_oldest()
            self.evicted += 1

    def select(self, name: str | None, matches: Callable[[Labels], bool]) -> Iterator[Series]:
        """The series of this name (of any, if None) whose labels match."""
        families = self._by_name.values() if name is None else [self._by_name.get(name, {})]
        for family in families:
            for labels, series in family.items():
                if matches(labels):
                    yield series

    @property
    def sample_count(self) -> int:
        """How many samples are held."""
        return len(self._ledger)

    @property
    def series_count(self) -> int:
        """How many series have at least one sample."""
        return sum(map(len, self._by_name.values()))

    def _forget_oldest(self) -> None:
        series = self._ledger.popleft()
        series.samples.popleft()
        if not series.samples:
            name = dict(series.labels)[NAME]
            family = self._by_name[name]
            del family[series.labels]
            if not family:
                del self._by_name[name]
