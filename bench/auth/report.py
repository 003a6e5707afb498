"""The block of docs/auth-performance.md."""

from typing import Any

from bench.auth.reads import OURS
from bench.figures import Spread, markdown, paired, spread
from bench.machine import sentence

Row = dict[str, Any]
QUIET = 0.5
NOISY = (
    "**Taken while other programs had the cores: of this run only the CPU columns are worth "
    "anything. Take it again on a quiet machine.**"
)


def block(result: dict[str, Any]) -> str:
    """The tables that were measured, with where and how noisy."""
    parts = [(name, table) for name, table in _TABLES.items() if name in result]
    lines = [table(result[name]) + "\n" for name, table in parts]
    rounds, seconds = result["settings"]["rounds"], result["settings"]["seconds"]
    if result["load"] > QUIET:
        lines.append(NOISY + "\n")
    lines += [
        f"{result['at']}; load of the machine before it began {result['load']:.1f} (0 is quiet: "
        f"what others use is missing from the figures a second); {rounds} rounds of {seconds} s; "
        "medians, and in brackets the extremes over the rounds.",
        sentence(result["machine"], result["versions"]),
    ]
    return "\n".join(lines) + "\n"


def _share(rows: list[Row]) -> str:
    rows = [row | {"alone": row["bare"]["per_second"]} for row in rows]
    head = ["cost 10, a thread for each core", "hashes/s alone", "logins/s", "share"]
    cells = [
        "medians (extremes)",
        _over(rows, "alone").text(1),
        _over(rows, "logins").text(1),
        _percent(_over(rows, "share")),
        _percent(_over(rows, "cpu_share")),
    ]
    head.append("bcrypt's part of the instance's CPU time")
    return "### Logins beside bcrypt alone\n\n" + markdown(head, [cells])


def _flood(rows: list[Row]) -> str:
    table = []
    for kind in dict.fromkeys(row["queue"] for row in rows):
        own = [row for row in rows if row["queue"] == kind]
        names = ("offered", "in_time", "refused", "unanswered")
        cells = [_over(own, name).text(1) for name in names]
        table.append([kind, *cells, _percent(_over(own, "share"))])
    return "### At three times capacity\n\n" + markdown(
        ["queue", "offered/s", "in time/s", "refused/s", "no answer in 2 s, /s", "of capacity"],
        table,
    )


def _reads(rows: list[Row]) -> str:
    table = []
    for name in dict.fromkeys(row["name"] for row in rows):
        own = [row for row in rows if row["name"] == name]
        rate = paired(_rounds(rows, OURS, "per_second"), _rounds(rows, name, "per_second"))
        cost = paired(_rounds(rows, name, "cpu_micros"), _rounds(rows, OURS, "cpu_micros"))
        cells = [_over(own, key) for key in ("per_second", "cpu_micros", "p99")]
        times = ["" if name == OURS or seen is None else seen.text(1) for seen in (rate, cost)]
        table.append([name, cells[0].text(), cells[1].text(), cells[2].text(1), *times])
    head = ["whoami", "requests/s", "CPU µs each", "p99 ms, 16 clients"]
    head += ["ours does × as many", "it takes × the CPU"]
    return "### Who am I\n\n" + markdown(head, table)


def _rounds(rows: list[Row], name: str, key: str) -> dict[int, float]:
    return {row["round"]: row[key] for row in rows if row["name"] == name}


def _over(rows: list[Row], name: str) -> Spread:
    values = [row[name] for row in rows]
    return spread(values) or Spread(0.0, 0.0, 0.0)


def _percent(seen: Spread) -> str:
    return f"{seen.median:.1%} ({seen.low:.1%}–{seen.high:.1%})"


_TABLES = {"share": _share, "flood": _flood, "reads": _reads}
