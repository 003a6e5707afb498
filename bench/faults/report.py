"""Tables of rows: for a terminal, as Markdown, as JSON and back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from bench.faults.counting import Tally
from bench.faults.run import Row
from bench.faults.scenarios import SCENARIOS, Scenario


class Column(NamedTuple):
    """A column of the table."""

    title: str
    cell: Callable[[Row], str]


COLUMNS = (
    Column("proxy", lambda row: row.proxy),
    Column("sent", lambda row: str(row.tally.sent)),
    Column("GET lost", lambda row: str(row.tally.get_lost)),
    Column("POST lost", lambda row: str(row.tally.post_lost)),
    Column("POST twice", lambda row: str(row.tally.post_twice)),
    Column("executed but failed", lambda row: str(row.tally.executed_but_failed)),
    Column("p99 ms", lambda row: f"{row.tally.p99_ms:.0f}"),
    Column("max ms", lambda row: f"{row.tally.max_ms:.0f}"),
    Column("how lost", lambda row: how_lost(row.tally)),
)
RELOADS = (Column("reloads", lambda row: str(row.reloads)),)
KILLS = (
    Column("in flight there", lambda row: str(row.tally.post_in_flight)),
    Column("POST lost needlessly", lambda row: str(row.tally.post_lost_needlessly)),
)
"""Columns that mean something only where something was reloaded, or killed."""

MOST_LAG_MS = 20.0
"""Above this the machine was too busy for the latencies of a row to mean anything."""


def how_lost(tally: Tally) -> str:
    """`502: 3, cut: 1`, the most frequent first."""
    found = [f"{why.removeprefix('http_')}: {n}" for why, n in tally.how_lost.items()]
    return ", ".join(found) or "–"


def columns(scenario: Scenario) -> list[Column]:
    """The columns that have something to say about a scenario."""
    acts = {step.act for step in scenario.steps}
    more = (RELOADS if "reload" in acts else ()) + (KILLS if "kill" in acts else ())
    return [*COLUMNS[:4], *more, *COLUMNS[4:]]


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
        shown = columns(SCENARIOS[name])
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
    return "\n\n".join([*blocks, "\n".join(remarks(rows))]).rstrip()


def markdown(rows: Sequence[Row]) -> str:
    """The same as Markdown tables."""
    blocks = []
    for name, some in by_scenario(rows).items():
        shown = columns(SCENARIOS[name])
        lines = [
            "| " + " | ".join(one.title for one in shown) + " |",
            "| --- |" + " ---: |" * (len(shown) - 2) + " --- |",
            *("| " + " | ".join(one.cell(row) for one in shown) + " |" for row in some),
        ]
        blocks.append("\n".join([f"### {name}: {SCENARIOS[name].title}", "", *lines]))
    noted = "\n".join(f"- {remark}" for remark in remarks(rows))
    return "\n\n".join([*blocks, noted]).rstrip()


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
        if row.tally.client_lag_p99_ms > MOST_LAG_MS:
            found.append(
                f"{row.proxy}, {row.scenario}: the client itself was late, p99 "
                f"{row.tally.client_lag_p99_ms:.0f} ms: these latencies are not the proxy's."
            )
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
