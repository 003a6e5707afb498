"""The comparison as people read it: lines while it runs, then two tables and their settings."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from bench.figures import Spread, markdown, paired, spread
from bench.machine import sentence
from bench.measure import Sample, Timed

COST = [
    "proxy", "CPU µs per login", "of it in the kernel", "× nginx", "logins/s at the peak",
    "core busy",
]  # fmt: skip
NOTHING = "–"
Row = dict[str, Any]


def throughput_line(sample: Sample) -> str:
    """One measurement, while the others are still to come."""
    cost = (sample.user + sample.system) / sample.requests * 1e6
    line = f"{sample.name:13} {sample.peak:8,.0f} logins/s"
    if cost:
        line += f"  {cost:6.1f} µs CPU each"
    return line + (f"  ({sample.errors} ERRORS)" if sample.errors else "")


def latency_line(timed: Timed) -> str:
    """One measurement, while the others are still to come."""
    seen = timed.latency
    line = f"{timed.name:13} at {timed.rate:5,}/s  p50 {seen.p50:7.3f} ms  p99 {seen.p99:7.3f} ms"
    line += f"  ({seen.dropped} arrivals dropped)" if seen.dropped else ""
    return line + (f"  ({seen.errors} ERRORS)" if seen.errors else "")


def block(result: dict[str, Any]) -> str:
    """The tables with where, when and how they were measured, as docs/performance.md has them."""
    settings, samples, timed = result["settings"], result["samples"], result["latencies"]
    lines = [
        cost_table(samples),
        "",
        f"Median (least–greatest) of {settings['rounds']} rounds of {settings['seconds']:g} s; "
        f"{settings['connections']} connections from {settings['load']}.",
        "",
    ]
    if timed:
        rates = result["rates"]
        lines += [
            latency_table(samples, timed, rates),
            "",
            f"Median (least–greatest) of {settings['latency_rounds']} rounds of "
            f"{settings['seconds']:g} s; arrivals from k6, which can be relied on here for "
            f"{rates['most']:,} a second: where half of a proxy's peak is more, this is its rate.",
            "",
        ]
    else:
        lines += ["No latencies: k6 was not here.", ""]
    errors = sum(one["errors"] for one in samples) + sum(one["latency"]["errors"] for one in timed)
    lines += [
        *(f"`{name}` runs under {python}.  " for name, python in result["pythons"].items()),
        f"Answers that were not a login's 201, over all measurements: {errors}.  ",
        f"{result['at'][:10]}. {sentence(result['machine'], result['versions'])}",
    ]
    return "\n".join(lines) + "\n"


def cost_table(samples: Sequence[Row]) -> str:
    """CPU time and throughput: one row for each contender."""
    return markdown(COST, [_cost_row(name, samples) for name in _names(samples)])


def latency_table(samples: Sequence[Row], timed: Sequence[Row], rates: Row) -> str:
    """Latency added at the common rate, and at half of each one's peak."""
    common = f"{rates['common']:,}/s"
    head = [
        "proxy", f"p50 added at {common}, ms", f"p99 added at {common}, ms",
        "arrivals/s at half of its peak", "of its peak", "p50 added, ms", "p99 added, ms",
        "arrivals dropped",
    ]  # fmt: skip
    return markdown(head, [_latency_row(one, samples, timed, rates) for one in _names(timed)])


def cpu_microseconds(sample: Row) -> float:
    """What one login cost the proxy."""
    cost: float = (sample["user"] + sample["system"]) / sample["requests"] * 1e6
    return cost


def _cost_row(name: str, samples: Sequence[Row]) -> list[str]:
    peak = _by_round(samples, name, lambda one: one["requests"] / one["seconds"])
    if name == "direct":
        return [name, NOTHING, NOTHING, NOTHING, _text(spread(list(peak.values()))), NOTHING]
    cost = _by_round(samples, name, cpu_microseconds)
    kernel = _by_round(samples, name, lambda one: one["system"] / one["requests"] * 1e6)
    busy = _by_round(
        samples, name, lambda one: 100 * (one["user"] + one["system"]) / one["seconds"]
    )
    return [
        name,
        _text(spread(list(cost.values())), 1),
        _text(spread(list(kernel.values())), 1),
        _text(paired(cost, _by_round(samples, "nginx", cpu_microseconds)), 2),
        _text(spread(list(peak.values()))),
        f"{median(busy.values()):.0f} %",
    ]


def _latency_row(name: str, samples: Sequence[Row], timed: Sequence[Row], rates: Row) -> list[str]:
    dropped = str(sum(one["latency"]["dropped"] for one in timed if one["name"] == name))
    low = [_added(timed, name, rates["common"], figure) for figure in ("p50", "p99")]
    if name == "direct":
        high = [_added(timed, name, rates["most"], figure) for figure in ("p50", "p99")]
        return [name, *low, f"{rates['most']:,}", NOTHING, *high, dropped]
    own = rates["own"][name]
    high = [_added(timed, name, own, figure) for figure in ("p50", "p99")]
    peak = _by_round(samples, name, lambda one: one["requests"] / one["seconds"])
    return [name, *low, f"{own:,}", f"{100 * own / median(peak.values()):.0f} %", *high, dropped]


def _added(timed: Sequence[Row], name: str, rate: int, figure: str) -> str:
    """What the proxy adds to the endpoints' own latency; for `direct`, that latency itself."""
    some = [one for one in timed if one["rate"] == rate]
    mine = _by_round(some, name, lambda one: one["latency"][figure])
    bare = _by_round(some, "direct", lambda one: one["latency"][figure])
    if name == "direct":
        return f"[{_text(spread(list(bare.values())), 2)}]" if bare else NOTHING
    return _text(paired(mine, bare, differ=True), 2)


def _names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(one["name"] for one in rows))


def _by_round(rows: Sequence[Row], name: str, figure: Callable[[Row], float]) -> dict[int, float]:
    return {one["round"]: figure(one) for one in rows if one["name"] == name}


def _text(found: Spread | None, digits: int = 0) -> str:
    return found.text(digits) if found is not None else NOTHING
