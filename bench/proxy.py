"""`make bench-proxy`: what a proxied login costs, here and in other proxies, on one core each."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bench import command, interpreter, peers, report
from bench.children import CannotRun, raise_open_files, take_cores
from bench.command import Result, chosen, or_left_out, whole
from bench.field import Field, endpoints, workplace
from bench.interpreter import Interpreter
from bench.k6 import Latency
from bench.machine import machine, versions
from bench.measure import Load, Sample, Timed, latencies, throughput
from bench.progress import Progress, say
from bench.rates import Rates, choose, half_of_peaks, most_bearable

NAMES = [
    "evenhand", "evenhand+log", "evenhand+guards",
    "nginx", "haproxy", "envoy", "caddy", "aiohttp", "direct",
]  # fmt: skip
HELP = """\
Compares reverse proxies, one core each, before the same four stub endpoints, in one run:
CPU time per proxied login and logins a second at the peak; then latency added at fixed arrival
rates, one for all and half of each one's own peak. The contenders take turns (A B C, A B C, …),
so that noise is shared; ratios and differences are within a round.

  make bench-proxy                                       everything, about nine minutes
  make bench-proxy ARGS="--page docs/performance.md"     … and into its place there
  make bench-proxy ARGS="--only evenhand --only nginx --rounds 5"
  make bench-proxy ARGS="--python /opt/python3.11/bin/python3"   ours under that Python too
  make bench-proxy ARGS="--json" > proxy.json            every sample

Our balancer has a row more under the system's Python, if that can use the same libraries; the row
with the access log runs under that one. The other proxies and k6 come from a venv with
requirements.bench (`make` makes it), wrk from Debian (`apt-get install wrk`). What is missing is
left out and named.

Exit codes: 0 measured, 2 could not run.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command.parser("proxy", HELP, NAMES)
    line.add_argument("--rounds", type=whole, default=8, metavar="N", help="turns (default 8)")
    line.add_argument(
        "--latency-rounds", type=whole, default=4, metavar="N",
        help="turns for latencies (default 4)",
    )  # fmt: skip
    line.add_argument(
        "--seconds", type=whole, default=2, metavar="S", help="per measurement (default 2)"
    )
    line.add_argument(
        "--connections", type=whole, default=32, metavar="N", help="of wrk (default 32)"
    )
    line.add_argument(
        "--rate", type=whole, metavar="R",
        help="arrivals a second for all (default: half of what the slowest proxy carries)",
    )  # fmt: skip
    line.add_argument(
        "--python", action="append", metavar="PATH",
        help="run ours under this Python too; may be given several times "
        f"(default {interpreter.SYSTEM} if it fits; `none` for none)",
    )  # fmt: skip
    return line


def rows(only: Sequence[str] | None, pythons: Sequence[Interpreter]) -> list[str]:
    """The rows in their order: ours under each Python, with more to do under the last of them."""
    labels = [""] + [f" ({one.label})" for one in pythons]
    extras = [f"{name}{labels[-1]}" for name in NAMES[1:3]]
    return chosen([f"evenhand{label}" for label in labels] + extras + NAMES[3:], only)


def costs(options: argparse.Namespace, field: Field, load: Load, names: list[str]) -> list[Sample]:
    """CPU time and throughput of all, in turns."""
    progress = Progress(
        options.rounds * len(names), options.rounds * len(names) * load.throughput_seconds
    )
    samples: list[Sample] = []
    absent: set[str] = set()
    for number in range(1, options.rounds + 1):
        for name in names:
            found = None
            if name not in absent:
                found = or_left_out(name, partial(throughput, field, load, name, number))
            at = progress.step(load.throughput_seconds)
            if found is None:
                absent.add(name)
                continue
            samples.append(found)
            say(f"{at} {report.throughput_line(found)}")
    return samples


def driven(options: argparse.Namespace, field: Field, load: Load, samples: list[Sample]) -> Rates:
    """The arrival rates, once it is known what k6 can make."""

    def alone(rate: int) -> Latency:
        (seen,) = latencies(field, load, "direct", 0, [rate])
        say(report.latency_line(seen))
        return seen.latency

    say("what k6 can make on its core, without a proxy:")
    halves = [half for name, half in half_of_peaks(samples).items() if name != "direct"]
    most = most_bearable(alone, max(halves, default=options.rate or 1000), load.seconds)
    found = choose(samples, most, options.rate)
    say(f"latencies at {found.common:,} arrivals a second for all, and up to {most:,}")
    return found


def delays(options: argparse.Namespace, field: Field, load: Load, rates: Rates) -> list[Timed]:
    """Latencies of all, in turns."""
    names = [*rates.own, "direct"]
    each = {name: load.latency_seconds(len(rates.of(name))) for name in names}
    progress = Progress(
        options.latency_rounds * len(names), options.latency_rounds * sum(each.values())
    )
    timed: list[Timed] = []
    for number in range(1, options.latency_rounds + 1):
        for name in names:
            found = or_left_out(name, partial(latencies, field, load, name, number, rates.of(name)))
            at = progress.step(each[name])
            for one in found or []:
                say(f"{at} {report.latency_line(one)}")
            timed += found or []
    return timed


def run(options: argparse.Namespace) -> Result:
    """Measure and put it all together. Raises `CannotRun`."""
    where, own = machine(), interpreter.inspect(Path(sys.executable))
    pythons, unfit = interpreter.others(options.python)
    for reason in unfit:
        say(f"left out: {reason}")
    cores = take_cores()
    raise_open_files()
    programs = peers.find(options.peers)
    load = Load(peers.debian("wrk"), programs.get("k6"), options.connections, options.seconds)
    if load.wrk is None:
        say("no wrk here (apt-get install wrk): k6 makes the load, and may be the bottleneck")
    if load.wrk is None and load.k6 is None:
        raise CannotRun("neither wrk nor k6 is here; run `make bench-proxy`, which installs k6")
    timed, rates = [], None
    with workplace() as directory, endpoints(directory) as ports:
        others = {one.label: one for one in pythons}
        field = Field(cores, programs, options.peers, directory, ports, others)
        samples = costs(options, field, load, rows(options.only, pythons))
        if load.k6 is None:
            say(f"no latencies: {peers.why_missing('k6', field.venv)}")
        else:
            rates = driven(options, field, load, samples)
            timed = delays(options, field, load, rates)
    return {
        "machine": where,
        "versions": versions(programs),
        "settings": {
            "rounds": options.rounds,
            "latency_rounds": options.latency_rounds,
            "seconds": options.seconds,
            "connections": options.connections,
            "load": "wrk" if load.wrk else "k6",
        },
        "pythons": {"evenhand": f"{own.label} ({own.build})"}
        | {f"evenhand ({one.label})": f"{one.label} ({one.build})" for one in pythons},
        "rates": asdict(rates) if rates else None,
        "samples": [asdict(one) for one in samples],
        "latencies": [asdict(one) for one in timed],
    }


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    return command.carry_out("proxy", parser().parse_args(argv), run, report.block)


if __name__ == "__main__":
    sys.exit(main())
