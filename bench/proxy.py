"""`make bench-proxy`: what a proxied login costs, here and in other proxies, on one core each."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import peers, report
from bench.children import CannotRun, interruptible, raise_open_files, take_cores
from bench.field import Field, endpoints, say
from bench.machine import machine, versions
from bench.measure import Load, Sample, bearable, half_of_slowest, latencies, throughput
from bench.page import put

NAMES = ["evenhand", "evenhand+log", "nginx", "haproxy", "envoy", "caddy", "aiohttp", "direct"]
HELP = """\
Compares reverse proxies, one core each, before the same four stub endpoints, in one run:
CPU time per proxied login, logins a second at the peak, latency added at a fixed arrival rate.
The contenders take turns (A B C, A B C, …), so that noise is shared; ratios are within a round.

  python -m bench.proxy                             everything, three rounds
  python -m bench.proxy --only evenhand --only nginx --rounds 5
  python -m bench.proxy --markdown                  the block for docs/performance.md
  python -m bench.proxy --page docs/performance.md     … and into its place there
  python -m bench.proxy --json > proxy.json         every sample

The other proxies and k6 come from a venv with requirements.bench (`make bench-proxy` makes it),
wrk from Debian (`apt-get install wrk`). What is missing is left out and named.

Exit codes: 0 measured, 2 could not run.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(
        prog="python -m bench.proxy",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    line.add_argument("--rounds", type=int, default=3, metavar="N", help="turns (default 3)")
    line.add_argument(
        "--seconds", type=float, default=4, metavar="S", help="per measurement (default 4)"
    )
    line.add_argument(
        "--connections", type=int, default=32, metavar="N", help="of wrk (default 32)"
    )
    line.add_argument(
        "--rate", type=int, metavar="R",
        help="arrivals a second for latencies (default: half of what the slowest proxy carries)",
    )  # fmt: skip
    line.add_argument(
        "--only", action="append", choices=NAMES, metavar="NAME",
        help=f"leave out all others; may be given several times: {', '.join(NAMES)}",
    )  # fmt: skip
    line.add_argument(
        "--peers", type=Path, default=peers.DEFAULT_VENV, metavar="DIR",
        help="the venv with the other programs (default .venv-bench)",
    )  # fmt: skip
    line.add_argument("--page", type=Path, metavar="FILE", help="write the block into a page too")
    form = line.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print every sample as JSON")
    form.add_argument("--markdown", action="store_true", help="print the block for the docs")
    return line


def measure(options: argparse.Namespace, field: Field, load: Load) -> list[Sample]:
    """All samples: throughput of all in turns, then latencies of all in turns."""
    names = options.only or NAMES
    samples: dict[tuple[str, int], Sample] = {}
    absent: set[str] = set()
    for number in range(1, options.rounds + 1):
        for name in [one for one in names if one not in absent]:
            try:
                sample = throughput(field, load, name, number)
            except CannotRun as reason:
                absent.add(name)
                say(f"left out: {name}: {_first_lines(reason)}")
                continue
            samples[name, number] = sample
            say(f"round {number}/{options.rounds} {report.throughput_line(sample)}")
    if load.k6 is None:
        say(f"no latencies: {peers.why_missing('k6', field.venv)}")
        return list(samples.values())
    rate = bearable(field, load, options.rate or half_of_slowest(samples.values()))
    say(f"latencies at {rate} arrivals a second")
    for number in range(1, options.rounds + 1):
        for name in [one for one in names if (one, number) in samples]:
            sample = samples[name, number]
            sample.latency = latencies(field, load, name, rate)
            sample.rate = rate
            say(f"round {number}/{options.rounds} {report.latency_line(sample)}")
    return list(samples.values())


def _first_lines(reason: CannotRun) -> str:
    """Enough of an error to act on."""
    return "\n  ".join(str(reason).splitlines()[:4])


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure and put it all together. Raises `CannotRun`."""
    where = machine()
    cores = take_cores()
    raise_open_files()
    programs = peers.find(options.peers)
    load = Load(peers.debian("wrk"), programs.get("k6"), options.connections, options.seconds)
    if load.wrk is None:
        say("no wrk here (apt-get install wrk): k6 makes the load, and may be the bottleneck")
    if load.wrk is None and load.k6 is None:
        raise CannotRun("neither wrk nor k6 is here; run `make bench-proxy`, which installs k6")
    with tempfile.TemporaryDirectory(prefix="evenhand-bench-") as name:
        directory = Path(name)
        with endpoints(directory) as ports:
            field = Field(cores, programs, options.peers, directory, ports)
            samples = measure(options, field, load)
    return {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": where,
        "versions": versions(programs),
        "settings": {
            "rounds": options.rounds,
            "seconds": options.seconds,
            "connections": options.connections,
            "load": "wrk" if load.wrk else "k6",
        },
        "samples": [asdict(one) for one in samples],
    }


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser().parse_args(argv)
    if options.rounds < 1 or options.seconds < 1 or options.connections < 1:
        parser().error("--rounds, --seconds and --connections are 1 or more")
    interruptible()
    try:
        result = run(options)
        if options.page is not None:
            put(options.page, "proxy", report.block(result))
    except CannotRun as reason:
        sys.stderr.write(f"bench.proxy: {reason}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("bench.proxy: interrupted; everything that was started is stopped\n")
        return 130
    if options.json:
        sys.stdout.write(json.dumps(result, indent=1) + "\n")
    elif options.markdown:
        sys.stdout.write(report.block(result))
    else:
        sys.stdout.write(report.table(result["samples"]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
