"""From what became of each login to the figures of a row, and from rows to whether we are as good.

A login that fails counts as long as its source would have waited: else a proxy that sends
everything to an endpoint which fails at once would have the shortest latencies of all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bench.balancing.load import Fate, Load


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one contender under one condition."""

    condition: str
    contender: str
    ours: bool
    judged: bool
    """Whether the aim is held against it; true of all that never execute a login twice."""
    logins: int
    p50: float
    """Milliseconds from when a login was due, as `p99`."""
    p99: float
    failing: float
    """Share of logins without a 2xx in time."""
    share: float
    """Of all logins that reached an endpoint: those at the odd one, else at the busiest."""
    lag: float
    """Milliseconds by which we ourselves were late in sending, p99."""


class Figures(NamedTuple):
    """What the logins say, endpoints apart."""

    logins: int
    p50: float
    p99: float
    failing: float
    lag: float


def figures(fates: Sequence[Fate], load: Load) -> Figures:
    """Count the logins that were due after the pool had settled. Raises ValueError without any."""
    counted = [fate for fate in fates if fate.due >= load.settle]
    fine = [fate.seconds for fate in counted if is_fine(fate, load)]
    failing = len(counted) - len(fine)
    seconds = sorted(fine) + [load.patience] * failing
    late = sorted(fate.late for fate in counted)
    return Figures(
        len(counted),
        quantile(seconds, 0.50) * 1000,
        quantile(seconds, 0.99) * 1000,
        failing / len(counted),
        quantile(late, 0.99) * 1000,
    )


def is_fine(fate: Fate, load: Load) -> bool:
    """Whether a login went through before its source gave up."""
    return 200 <= fate.status <= 299 and fate.seconds <= load.patience


def quantile(ordered: Sequence[float], share: float) -> float:
    """The least value that so large a share does not exceed. Raises ValueError without values."""
    if not ordered:
        raise ValueError("no logins were counted: the measurement was too short")
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


class Column(NamedTuple):
    """A figure in which ours is to be at or below theirs."""

    name: str
    title: str
    value: Callable[[Row], float]
    text: Callable[[float], str]


def milliseconds(value: float) -> str:
    """`41.3`."""
    return f"{value:,.1f}"


def percent(share: float) -> str:
    """`0.25 %`."""
    return f"{100 * share:.2f} %"


COLUMNS = (
    Column("p50", "p50 ms", lambda row: row.p50, milliseconds),
    Column("p99", "p99 ms", lambda row: row.p99, milliseconds),
    Column("failing", "failing", lambda row: row.failing, percent),
)


class Verdict(NamedTuple):
    """One column under one condition: the best of ours and the best of theirs."""

    condition: str
    column: Column
    ours: Row
    theirs: Row

    @property
    def met(self) -> bool:
        """Whether ours is at or below theirs."""
        return self.column.value(self.ours) <= self.column.value(self.theirs)


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    """Each column of each condition that has rows of both; the first of equals is named."""
    found = []
    for condition in dict.fromkeys(row.condition for row in rows):
        some = [row for row in rows if row.condition == condition]
        ours = [row for row in some if row.ours]
        theirs = [row for row in some if not row.ours and row.judged]
        if ours and theirs:
            found += [
                Verdict(
                    condition, column, min(ours, key=column.value), min(theirs, key=column.value)
                )
                for column in COLUMNS
            ]
    return found


def met_by_each(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """How many columns each one row of ours meets by itself, the most first."""
    goals = verdicts(rows)
    met = dict.fromkeys((row.contender for row in rows if row.ours), 0)
    for goal in goals:
        most = goal.column.value(goal.theirs)
        for row in rows:
            if row.ours and row.condition == goal.condition:
                met[row.contender] += goal.column.value(row) <= most
    return sorted(met.items(), key=lambda one: -one[1]) if goals else []
