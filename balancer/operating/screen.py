"""The table of endpoints as people read it: pure, from what `GET /table` answered."""

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from balancer.operating.client import printable

SKEWED = 2.0
"""So many times the even share is shown in red: the alert on skew asks for as much."""
BUSY = 0.01
"""A failing share above this is shown in red: the objective is 99 %."""


def page(table: dict[str, Any], width: int, *, plain: bool = False) -> RenderableType:
    """Every pool; `plain` for terminals that have ASCII only."""
    parts: list[RenderableType] = []
    for pool in table["pools"]:
        parts += [_title(pool), _endpoints(pool, width, plain=plain)]
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


COLUMNS = (
    ("share", 60), ("expected", 90), ("× even", 0), ("in flight", 0), ("req/s", 60), ("fail", 0),
    ("gone", 80), ("p50", 90), ("p99", 0), ("weight", 80),
)  # fmt: skip
"""Numbers, and the least width of a terminal that has room for each."""


def _endpoints(pool: dict[str, Any], width: int, *, plain: bool) -> Table:
    shown = [name for name, least in COLUMNS if width >= least]
    grid = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
    grid.add_column("endpoint", no_wrap=True, overflow="ellipsis", min_width=8)
    bar = max(6, min(32, width - 34 - 8 * len(shown)))
    grid.add_column("share │ expected" if not plain else "share | expected", width=bar)
    for name in shown:
        grid.add_column(name.replace("×", "x") if plain else name, justify="right", no_wrap=True)
    grid.add_column("state", no_wrap=True)
    for one in pool["endpoints"]:
        numbers = _numbers(one, len(pool["endpoints"]))
        style = "red" if numbers["× even"].style == "bold red" else "green"
        grid.add_row(
            printable(one["name"]),
            _bar(one["recent"]["share"] or 0.0, one["expected_share"], bar, style, plain=plain),
            *(numbers[name] for name in shown),
            state(one),
        )
    return grid


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
        "p50": _duration(recent["p50"]),
        "p99": _duration(recent["p99"]),
        "weight": Text(str(one["weight"])),
    }


def _percent(share: float | None, most: float | None = None) -> Text:
    if share is None:
        return Text("–", "dim")
    return Text(f"{share:.0%}", "bold red" if most is not None and share > most else "")


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
