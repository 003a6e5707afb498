"""The comparison as people read it: lines while it runs, then a table, a block for the docs."""

from collections.abc import Callable, Sequence
from typing import Any

from bench.figures import Spread, markdown, paired, spread
from bench.machine import sentence
from bench.measure import Sample

HEAD = [
    "proxy",
    "CPU µs per login",
    "of it in the kernel",
    "× nginx",
    "logins/s at the peak",
    "core busy",
    "p50 added, ms",
    "p99 added, ms",
    "arrivals dropped",
]
NOTHING = "–"
Row = dict[str, Any]


def throughput_line(sample: Sample) -> str:
    """One measurement, while the others are still to come."""
    cost = (sample.user + sample.system) / sample.requests * 1e6
    line = f"{sample.name:13} {sample.requests / sample.seconds:8,.0f} logins/s"
    if cost:
        line += f"  {cost:6.1f} µs CPU each"
    return line + (f"  ({sample.errors} ERRORS)" if sample.errors else "")


def latency_line(sample: Sample) -> str:
    """One measurement, while the others are still to come."""
    if sample.latency is None:
        return f"{sample.name:13} no latencies"
    seen = sample.latency
    line = f"{sample.name:13} p50 {seen.p50:7.3f} ms  p99 {seen.p99:7.3f} ms"
    line += f"  ({seen.dropped} arrivals dropped)" if seen.dropped else ""
    return line + (f"  ({seen.errors} ERRORS)" if seen.errors else "")


def table(samples: Sequence[Row]) -> str:
    """One row for each contender."""
    names = list(dict.fromkeys(one["name"] for one in samples))
    return markdown(HEAD, [_row(name, samples) for name in names])


def block(result: dict[str, Any]) -> str:
    """The table with where, when and how it was measured, as docs/performance.md has it."""
    settings, samples = result["settings"], result["samples"]
    rate = max((one["rate"] for one in samples), default=0)
    lines = [
        table(samples),
        "",
        f"Median (least–greatest) of {settings['rounds']} rounds of {settings['seconds']:g} s; "
        f"{settings['connections']} connections from {settings['load']} for CPU and peak; "
        f"latencies at {rate} arrivals a second from k6. {result['at'][:10]}.",
        sentence(result["machine"], result["versions"]),
    ]
    errors = sum(one["errors"] + (one["latency"] or {"errors": 0})["errors"] for one in samples)
    lines.append(f"Answers that were not a login's 201, over all measurements: {errors}.")
    return "\n".join(lines) + "\n"


def _row(name: str, samples: Sequence[Row]) -> list[str]:
    peak = _by_round(samples, name, lambda one: one["requests"] / one["seconds"])
    direct = name == "direct"
    cost = {} if direct else _by_round(samples, name, cpu_microseconds)
    kernel = _by_round(samples, name, lambda one: one["system"] / one["requests"] * 1e6)
    busy = _by_round(
        samples, name, lambda one: 100 * (one["user"] + one["system"]) / one["seconds"]
    )
    timed = [one for one in samples if one["latency"]]
    dropped = [one["latency"]["dropped"] for one in timed if one["name"] == name]
    return [
        name,
        _text(spread(list(cost.values())), 1),
        NOTHING if direct else _text(spread(list(kernel.values())), 1),
        _text(paired(cost, _by_round(samples, "nginx", cpu_microseconds)), 2),
        _text(spread(list(peak.values()))),
        NOTHING if direct else f"{_text(_middle(busy))} %",
        _added(timed, name, "p50"),
        _added(timed, name, "p99"),
        str(sum(dropped)) if dropped else NOTHING,
    ]


def cpu_microseconds(sample: Row) -> float:
    """What one login cost the proxy."""
    cost: float = (sample["user"] + sample["system"]) / sample["requests"] * 1e6
    return cost


def _added(timed: Sequence[Row], name: str, figure: str) -> str:
    """What the proxy adds to the endpoints' own latency; for `direct`, that latency itself."""
    mine = _by_round(timed, name, lambda one: one["latency"][figure])
    bare = _by_round(timed, "direct", lambda one: one["latency"][figure])
    if name == "direct":
        return f"[{_text(spread(list(bare.values())), 2)}]" if bare else NOTHING
    return _text(paired(mine, bare, differ=True), 2)


def _by_round(
    samples: Sequence[Row], name: str, figure: Callable[[Row], float]
) -> dict[int, float]:
    return {one["round"]: figure(one) for one in samples if one["name"] == name}


def _middle(values: dict[int, float]) -> Spread | None:
    """The median alone."""
    found = spread(list(values.values()))
    return found and Spread(found.median, found.median, found.median)


def _text(found: Spread | None, digits: int = 0) -> str:
    return found.text(digits) if found is not None else NOTHING
