"""The table of endpoints as people read it: pure, from what `GET /table` answered."""

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from balancer.operating import crowd
from balancer.operating.client import printable

SKEWED = 2.0
"""So many times the even share is shown in red: the alert on skew asks for as much."""
BUSY = 0.01
"""A failing share above this is shown in red: the objective is 99 %."""


def page(
    table: dict[str, Any],
    width: int,
    *,
    plain: bool = False,
    height: int | None = None,
    skip: int = 0,
) -> RenderableType:
    """Every pool; `plain` for terminals that have ASCII only.

    Where a `height` has no room for all endpoints of a pool: the worst of them, without the first
    `skip`, and a line of what is left out.
    """
    parts: list[RenderableType] = []
    for pool, room in zip(table["pools"], crowd.rooms(table, width, height), strict=True):
        shown, others = crowd.chosen(pool["endpoints"], room, skip)
        parts += [_title(pool), _endpoints(pool, shown, width, plain=plain)]
        if others:
            parts.append(Text(crowd.summary(others), "dim", no_wrap=True, overflow="ellipsis"))
    parts += [
        Text(f"warning: {printable(one)}", style="yellow") for one in table.get("warnings", [])
    ]
    return Group(*parts)


def _title(pool: dict[str, Any]) -> Text:
    ready, all_of_them = pool["ready"], len(pool["endpoints"])
    rate = sum(one["recent"]["rate"] for one in pool["endpoints"])
    title = Text(f"pool {printable(pool['name'])}", style="bold")
    title.append(f"  {pool['algorithm']}  {rate:.1f} attempts/s  queue {pool['queue']}", "not bold")
    title.append(f"  {ready}/{all_of_them} ready", "not bold" if ready == all_of_them else "red")
    if pool["panic"]:
        title.append("  PANIC: probes and ejections are not believed", "bold red")
    return title


COLUMNS = {
    "share": 5, "expected": 8, "× even": 6, "in flight": 9, "req/s": 6, "fail": 4, "gone": 4,
    "mean": 5, "p99": 5, "weight": 6,
}  # fmt: skip
"""Numbers in their order, with the width of each."""
GOES_FIRST = ("mean", "weight", "expected", "req/s", "p99", "in flight", "share", "gone")
"""What a narrow terminal does without; what tells of trouble stays."""
BAR, STATE, NAME, GAP = 12, 11, 24, 2
"""Widths: the least of a bar, of a state, the most of a name, and between two columns."""


def _endpoints(
    pool: dict[str, Any], rows: list[dict[str, Any]], width: int, *, plain: bool
) -> Table:
    longest = min(NAME, max(len(one["name"]) for one in pool["endpoints"]), width // 3)
    room = width - max(8, longest) - STATE - 2 * GAP
    shown = _shown(room - BAR)
    bar = max(BAR, min(40, room - sum(COLUMNS[name] + GAP for name in shown)))
    grid = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
    grid.add_column("endpoint", no_wrap=True, overflow="ellipsis", width=max(8, longest))
    grid.add_column("attempts", no_wrap=True, width=bar)
    for name in shown:
        header = name.replace("×", "x") if plain else name
        grid.add_column(header, justify="right", no_wrap=True, width=COLUMNS[name])
    grid.add_column("state", no_wrap=True)
    for one in rows:
        numbers = _numbers(one, len(pool["endpoints"]))
        style = "red" if numbers["× even"].style == "bold red" else "green"
        grid.add_row(
            printable(one["name"]),
            _bar(one["recent"]["share"] or 0.0, one["expected_share"], bar, style, plain=plain),
            *(numbers[name] for name in shown),
            state(one),
        )
    return grid


def _shown(room: int) -> list[str]:
    """The columns that there is room for."""
    shown = list(COLUMNS)
    for name in GOES_FIRST:
        if sum(COLUMNS[one] + GAP for one in shown) <= room:
            break
        shown.remove(name)
    return shown


def _numbers(one: dict[str, Any], endpoints: int) -> dict[str, Text]:
    recent = one["recent"]
    even = None if recent["share"] is None else recent["share"] * endpoints
    skewed = even is not None and endpoints > 1 and even > SKEWED
    return {
        "share": _percent(recent["share"]),
        "expected": _percent(one["expected_share"]),
        "× even": Text("–" if even is None else f"{even:.1f}", "bold red" if skewed else ""),
        "in flight": Text(str(one["in_flight"])),
        "req/s": Text(f"{recent['rate']:.1f}"),
        "fail": _percent(recent["failing_share"], BUSY),
        "gone": _percent(recent["abandoned_share"], BUSY),
        "mean": _duration(recent["mean"]),
        "p99": _duration(recent["p99"]),
        "weight": Text(str(one["weight"])),
    }


def _percent(share: float | None, most: float | None = None) -> Text:
    if share is None:
        return Text("–", "dim")
    digits = 1 if 0 < share < 0.01 else 0  # one of two hundred is not nobody
    return Text(f"{share:.{digits}%}", "bold red" if most is not None and share > most else "")


def _duration(seconds: float | None) -> Text:
    if seconds is None:
        return Text("–", "dim")
    return Text(f"{seconds:.1f}s" if seconds >= 1 else f"{seconds * 1000:.0f}ms")


def _bar(share: float, expected: float, width: int, style: str, *, plain: bool) -> Text:
    """The share as a bar, and a mark where the configuration means it to end."""
    full, empty, mark = ("#", ".", "|") if plain else ("█", "·", "│")
    filled, marked = round(share * width), min(width - 1, round(expected * width))
    bar = Text(full * filled, style).append(empty * (width - filled), "dim")
    bar.stylize("bold default", marked, marked + 1)
    cells = list(bar.plain)
    cells[marked] = mark
    bar.plain = "".join(cells)
    return bar


def state(one: dict[str, Any]) -> Text:
    """In one word, what decides whether it takes attempts."""
    if one["state"] == "drain":
        return Text("drain", "yellow")
    if one["weight"] == 0:
        return Text("weight 0", "yellow")
    if not one["healthy"]:
        return Text("down", "bold red")
    if one["ejected"]:
        return Text(f"ejected {one['ejected_seconds']:.0f}s", "red")
    return Text("warming", "cyan") if one["warming"] else Text("up", "green")


def is_plain(console: Console) -> bool:
    """Whether the terminal's encoding has no bars."""
    return "utf" not in console.encoding.lower()
