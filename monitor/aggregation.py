"""`sum`, `max`, `min`, `avg` and `count`, grouped `by` some labels or `without` them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.functions import greatest, least, mean
from monitor.values import NAME, Labels, Vector, drop, keep


def _count(values: Sequence[float]) -> float:
    return float(len(values))


def _sum(values: Sequence[float]) -> float:
    return float(sum(values))


AGGREGATIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": _sum,
    "max": greatest,
    "min": least,
    "avg": mean,
    "count": _count,
}


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which labels make a group: those named (`by`), or all but those (`without`)."""

    labels: frozenset[str] = frozenset()
    without: bool = False

    def group(self, labels: Labels) -> Labels:
        """The labels of the group that this element belongs to."""
        if self.without:
            return drop(labels, self.labels | {NAME})
        return keep(labels, self.labels)


def aggregate(name: str, grouping: Grouping, vector: Vector) -> Vector:
    """One element for each group; none for an empty vector."""
    groups: dict[Labels, list[float]] = {}
    for labels, value in vector.items():
        groups.setdefault(grouping.group(labels), []).append(value)
    combine = AGGREGATIONS[name]
    return {labels: combine(values) for labels, values in groups.items()}
