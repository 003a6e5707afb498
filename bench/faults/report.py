"""Tables of rows: for a terminal, as Markdown, as JSON and back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from bench.faults.counting import Tally
from bench.faults.run import Row
from bench.faults.scenarios import SCENARIOS


class Column(NamedTuple):
    """A column of the table."""

    title: str
    cell: Callable[[Row], str]


COLUMNS = (
    Column("proxy", lambda row: row.proxy),
    Column("sent", lambda row: str(row.tally.sent)),
    Column("GET lost", lambda row: str(row.tally.get_lost)),
    Column("POST lost", lambda row: str(row.tally.post_lost)),
    Column("in flight there", lambda row: str(row.tally.post_in_flight)),
    Column("POST twice", lambda row: str(row.tally.post_twice)),
    Column("executed but failed", lambda row: str(row.tally.executed_but_failed)),
    Column("p99 ms", lambda row: f"{row.tally.p99_ms:.0f}"),
    Column("max ms", lambda row: f"{row.tally.max_ms:.0f}"),
    Column("how lost", lambda row: how_lost(row.tally)),
)
RELOADS = Column("reloads", lambda row: str(row.reloads))
"""Instead of `in flight there`, where nothing is killed."""


def how_lost(tally: Tally) -> str:
    """`502: 3, cut: 1`, the most frequent first."""
    found = [f"{why.removeprefix('http_')}: {n}" for why, n in tally.how_lost.items()]
    return ", ".join(found) or "–"


def columns(rows: Sequence[Row]) -> list[Column]:
    """The columns that have something to say about these rows."""
    reloaded = any(row.reloads for row in rows)
    return [RELOADS if reloaded and one.title == "in flight there" else one for one in COLUMNS]


def by_scenario(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of each scenario, in the order in which they came."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.scenario, []).append(row)
    return found


def terminal(rows: Sequence[Row]) -> str:
    """Aligned text, one block per scenario."""
    blocks = []
    for name, some in by_scenario(rows).items():
        shown = columns(some)
        cells = [[one.title for one in shown], *([one.cell(row) for one in shown] for row in some)]
        widths = [max(len(line[i]) for line in cells) for i in range(len(shown))]
        lines = [
            "  ".join(
                text.ljust(width) if i in (0, len(shown) - 1) else text.rjust(width)
                for i, (text, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in cells
        ]
        blocks.append("\n".join([f"{name}: {SCENARIOS[name].title}", *lines]))
    return "\n\n".join([*blocks, *remarks(rows)])


def markdown(rows: Sequence[Row]) -> str:
    """The same as Markdown tables."""
    blocks = []
    for name, some in by_scenario(rows).items():
        shown = columns(some)
        lines = [
            "| " + " | ".join(one.title for one in shown) + " |",
            "| --- |" + " ---: |" * (len(shown) - 2) + " --- |",
            *("| " + " | ".join(one.cell(row) for one in shown) + " |" for row in some),
        ]
        blocks.append("\n".join([f"### {name}: {SCENARIOS[name].title}", "", *lines]))
    return "\n\n".join([*blocks, *remarks(rows)])


def remarks(rows: Sequence[Row]) -> list[str]:
    """Our aims that were missed, and every reason to doubt the figures."""
    ours = [row for row in rows if row.is_ours]
    found = [f"{row.proxy}, {row.scenario}: missed “{aim}”." for row in ours for aim in row.missed]
    for row in rows:
        if row.tally.unexplained:
            found.append(
                f"{row.proxy}, {row.scenario}: {row.tally.unexplained} requests do not add up; "
                "do not trust this row."
            )
    lag = max((row.tally.client_lag_p99_ms for row in rows), default=0.0)
    found.append(f"The client itself was late by at most {lag:.0f} ms at p99 (worst row).")
    return found


def document(rows: Sequence[Row], about: dict[str, Any]) -> dict[str, Any]:
    """Everything, for machines."""
    return {"about": about, "rows": [asdict(row) for row in rows]}


def rows_from(found: dict[str, Any]) -> list[Row]:
    """The rows of a document. Raises KeyError or TypeError if it is not one."""
    return [
        Row(
            **{
                **row,
                "tally": Tally(**row["tally"]),
                "missed": tuple(row["missed"]),
            }
        )
        for row in found["rows"]
    ]
