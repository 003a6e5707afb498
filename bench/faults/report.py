"""Tables of rows: for a terminal, as Markdown, as JSON and back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from bench.faults.counting import Tally
from bench.faults.run import Row
from bench.faults.scenarios import SCENARIOS, Scenario
from bench.machine import sentence


class Column(NamedTuple):
    """A column of the table."""

    title: str
    cell: Callable[[Row], str]


class Table(NamedTuple):
    """Heads first, then rows; `figures` where all but the first and the last column are numbers."""

    title: str
    cells: list[list[str]]
    figures: bool


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

NOTHING = "–"
MOST_LAG_MS = 20.0
"""Above this the machine was too busy for the latencies of a row to mean anything."""


def how_lost(tally: Tally) -> str:
    """`502: 3, cut: 1`, the most frequent first."""
    found = [f"{why.removeprefix('http_')}: {n}" for why, n in tally.how_lost.items()]
    return ", ".join(found) or NOTHING


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


def tables(rows: Sequence[Row]) -> list[Table]:
    """One for each scenario; then our aims beside what was measured."""
    found = []
    for name, some in by_scenario(rows).items():
        shown = columns(SCENARIOS[name])
        cells = [[one.title for one in shown], *([one.cell(row) for one in shown] for row in some)]
        found.append(Table(f"{name}: {SCENARIOS[name].title}", cells, figures=True))
    judged = [line for row in rows if row.is_ours for line in verdicts(row)]
    if judged:
        head = ["proxy", "scenario", "aim", "measured", "", "what it takes"]
        found.append(Table("Each aim, and what was measured", [head, *judged], figures=False))
    return found


def verdicts(row: Row) -> list[list[str]]:
    """Each aim of a row's scenario, what was measured, whether that is enough, what is missing."""
    found = []
    for aim in SCENARIOS[row.scenario].aims:
        met = aim.met(row.tally)
        takes = NOTHING if met else aim.takes or NOTHING
        verdict = "met" if met else "missed"
        found.append([row.proxy, row.scenario, aim.text, aim.figure(row.tally), verdict, takes])
    return found


def terminal(rows: Sequence[Row]) -> str:
    """Aligned text, one block per table."""
    blocks = []
    for table in tables(rows):
        widths = [max(map(len, column)) for column in zip(*table.cells, strict=True)]
        last = len(widths) - 1
        lines = [
            "  ".join(
                text.rjust(width) if table.figures and 0 < i < last else text.ljust(width)
                for i, (text, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in table.cells
        ]
        blocks.append("\n".join([table.title, *lines]))
    return "\n\n".join([*blocks, "\n".join(remarks(rows))]).rstrip()


def markdown(rows: Sequence[Row]) -> str:
    """The same as Markdown tables."""
    blocks = []
    for table in tables(rows):
        lines = ["| " + " | ".join(line) + " |" for line in table.cells]
        rule = " ---: |" if table.figures else " --- |"
        rule = "| --- |" + rule * (len(table.cells[0]) - 2) + " --- |"
        blocks.append("\n".join([f"### {table.title}", "", lines[0], rule, *lines[1:]]))
    noted = "\n".join(f"- {remark}" for remark in remarks(rows))
    return "\n\n".join([*blocks, noted]).rstrip()


def block(rows: Sequence[Row], about: dict[str, Any]) -> str:
    """The tables with where, when and how they were measured, as docs/faults.md has them."""
    return (
        f"{about['at'][:10]}, {about['rate']:g} requests a second, rounds: {about['rounds']}, "
        f"first seed: {about['seed']}. {sentence(about['machine'], about['versions'])}\n\n"
        f"{markdown(rows)}\n"
    )


def remarks(rows: Sequence[Row]) -> list[str]:
    """Every reason to doubt the figures."""
    found = []
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
