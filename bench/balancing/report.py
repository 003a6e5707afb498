"""The figures as people read them: a line while it runs, then a table for each condition."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.balancing.conditions import CONDITIONS
from bench.balancing.instance import SERVICE, SLOTS
from bench.balancing.tally import COLUMNS, Row, met_by_each, percent, verdicts
from bench.balancing.trial import ENDPOINTS
from bench.figures import markdown
from bench.machine import sentence

MOST_LAG = 10.0
"""Milliseconds: above this the machine was too busy for a row's latencies to mean much."""
TWICE = "†"
ALT = "p50, p99 and failing share of every contender under each condition"


def line(row: Row) -> str:
    """One row, while the others are still to come."""
    return (
        f"{row.condition:9}{row.contender:25} p50 {row.p50:7.1f} ms  p99 {row.p99:7.1f} ms"
        f"  failing {percent(row.failing):>8}"
    )


def rows_from(result: Mapping[str, Any]) -> list[Row]:
    """The rows of a result, as `--json` wrote them. Raises KeyError, TypeError."""
    return [Row(**one) for one in result["rows"]]


def block(result: Mapping[str, Any]) -> str:
    """The tables with where, when and how they were measured, as docs/balancing.md has them."""
    rows = rows_from(result)
    parts = [f"![{ALT}]({result['picture']})"] if result.get("picture") else []
    parts.append(summary(rows))
    for condition in dict.fromkeys(row.condition for row in rows):
        parts.append(table(condition, [row for row in rows if row.condition == condition]))
    return "\n\n".join([*parts, footnotes(rows, result)]) + "\n"


def table(condition: str, rows: Sequence[Row]) -> str:
    """One condition: a row for each contender; the best of ours and of theirs are bold."""
    best = {
        (side.ours, one.column.name): one.column.value(side)
        for one in verdicts(rows)
        for side in (one.ours, one.theirs)
    }
    whose = "share of the odd one" if CONDITIONS[condition].has_odd else "share of the busiest"
    cells = []
    for row in rows:
        marked = []
        for column in COLUMNS:
            value = column.value(row)
            is_best = row.judged and value == best.get((row.ours, column.name))
            marked.append(f"**{column.text(value)}**" if is_best else column.text(value))
        name = row.contender if row.judged else f"{row.contender} {TWICE}"
        cells.append([name, *marked, percent(row.share)])
    head = ["", *(column.title for column in COLUMNS), whose]
    title = f"### {condition}: {CONDITIONS[condition].title}"
    return f"{title}\n\n{markdown(head, cells)}"


def summary(rows: Sequence[Row]) -> str:
    """The aim, column by column; then how far one row of ours comes by itself."""
    found = verdicts(rows)
    if not found:
        return "Nothing to compare: rows of ours and of theirs are needed."
    head = ["condition", "", "best of ours", "", "best of theirs", "", "aim"]
    cells = [
        [
            one.condition,
            one.column.name,
            one.ours.contender,
            one.column.text(one.column.value(one.ours)),
            one.theirs.contender,
            one.column.text(one.column.value(one.theirs)),
            "met" if one.met else "missed",
        ]
        for one in found
    ]
    met = sum(one.met for one in found)
    best = ", ".join(f"`{name}` {count}" for name, count in met_by_each(rows)[:3])
    return (
        "### The best of ours beside the best of theirs\n\n"
        f"{markdown(head, cells)}\n\n"
        f"Met: {met} of {len(found)}. The best of many rows is a favourable choice; how many "
        f"columns a single row of ours meets by itself: {best}."
    )


def footnotes(rows: Sequence[Row], result: Mapping[str, Any]) -> str:
    """How it was measured, and every reason to doubt it."""
    load = result["load"]
    notes = [
        f"{load['rate']:g} logins a second for {load['seconds']:g} s after {load['settle']:g} s to "
        f"settle, seed {load['seed']}; {ENDPOINTS} endpoints with {SLOTS} slots of "
        f"{SERVICE * 1000:g} ms each; {result['together']} contenders at a time. A login that "
        f"fails counts as {load['patience']:g} s.",
        f"{TWICE} sends a login again that may have been carried out: shown, and not judged by.",
        *doubts(rows),
        f"{result['at'][:10]}. {sentence(result['machine'], result['versions'])}",
    ]
    return "  \n".join(notes)


def doubts(rows: Sequence[Row]) -> list[str]:
    """What the machine's other work has spoilt, by condition."""
    late: dict[str, list[Row]] = {}
    for row in rows:
        if row.lag > MOST_LAG:
            late.setdefault(row.condition, []).append(row)
    return [
        f"{condition}: the benchmark itself was late in sending (p99 up to "
        f"{max(row.lag for row in some):.0f} ms); do not trust the latencies of "
        f"{', '.join(row.contender for row in some)}."
        for condition, some in late.items()
    ]
