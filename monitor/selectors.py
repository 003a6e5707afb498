"""Vector and range selectors: which series, and which of their samples."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from monitor.store import Series, Store
from monitor.values import NAME, Labels, Vector

MatchKind: TypeAlias = Literal["=", "!=", "=~", "!~"]


@dataclass(frozen=True, slots=True)
class Instant:
    """Where and when an expression is evaluated, and how old a sample may be."""

    store: Store
    at_ms: int
    lookback_ms: int


def matcher(label: str, kind: MatchKind, value: str) -> Callable[[dict[str, str]], bool]:
    """A test for one label; a missing label has the empty value.

    Regular expressions match the whole value. Raises re.error for one that Python cannot read.
    """
    if kind == "=":
        return lambda labels: labels.get(label, "") == value
    if kind == "!=":
        return lambda labels: labels.get(label, "") != value
    whole = re.compile(value).fullmatch
    if kind == "=~":
        return lambda labels: whole(labels.get(label, "")) is not None
    return lambda labels: whole(labels.get(label, "")) is None


@dataclass(frozen=True, slots=True)
class Selector:
    """`name{matchers} offset …`. Remembers its verdict on each label set it has seen."""

    name: str | None
    matchers: tuple[Callable[[dict[str, str]], bool], ...]
    offset_ms: int = 0
    _verdicts: dict[Labels, bool] = field(default_factory=dict, compare=False)

    def series(self, store: Store) -> list[Series]:
        """The series of the store that match, whatever their samples."""
        return list(store.select(self.name, self._matches))

    def evaluate(self, at: Instant) -> Vector:
        """The newest value of each series, stale and too old ones left out."""
        moment = at.at_ms - self.offset_ms
        values = ((s.labels, s.latest(moment, at.lookback_ms)) for s in self.series(at.store))
        return {labels: value for labels, value in values if value is not None}

    def _matches(self, labels: Labels) -> bool:
        verdict = self._verdicts.get(labels)
        if verdict is None:
            if len(self._verdicts) > 10_000:  # labels that come and go must not fill the memory
                self._verdicts.clear()
            pairs = dict(labels)
            named = self.name is None or pairs[NAME] == self.name
            verdict = named and all(match(pairs) for match in self.matchers)
            self._verdicts[labels] = verdict
        return verdict
