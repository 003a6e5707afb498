"""`make bench-memory`: memory for idle connections and slow readers, beside other proxies."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from bench import command, peers
from bench.children import CannotRun, raise_open_files, take_cores
from bench.command import Result, chosen, or_left_out, whole
from bench.field import Field, endpoints, workplace
from bench.figures import markdown
from bench.idle import Idle, idle
from bench.machine import machine, sentence, versions
from bench.progress import Progress, say
from bench.slow_readers import Readers, Slow, slow_readers

IDLE = ["evenhand", "nginx", "haproxy", "envoy", "caddy"]
SLOW = ["evenhand", "nginx buffering off", "nginx buffering on", "haproxy", "envoy", "caddy"]
SPARE_FILES = 500
"""Open files that a process needs beside its clients' connections."""
ANSWERS = (5_000_000, 50_000_000)
"""Octets of the slow readers' answers."""
LOGIN_SECONDS = 0.0008
"""How long one idle connection takes to make, and a contender takes to start: for the time left."""
START = 2.0
MEBI = 2**20
HELP = """\
Measures the resident memory of this project's balancer, nginx, HAProxy, Envoy and Caddy:
with 10,000 idle keep-alive connections, each after one login, and
with 500 clients that read 4 KiB a second of an answer of 5 MB, then of 50 MB: memory that grows
with the answer would show. A row stands only if every client had status 200 and was reading.

  make bench-memory                                       everything, about four minutes
  make bench-memory ARGS="--page docs/performance.md"     … and into its place there
  make bench-memory ARGS="--only evenhand --connections 1000 --readers 50"
  make bench-memory ARGS="--json" > memory.json           for machines

The other proxies come from a venv with requirements.bench (`make` makes it). What is missing is
left out and named.

Exit codes: 0 measured, 2 could not run.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command.parser("memory", HELP, sorted({*IDLE, *SLOW}))
    line.add_argument(
        "--connections", type=whole, default=10_000, metavar="N",
        help="idle connections (default 10000)",
    )  # fmt: skip
    line.add_argument(
        "--readers", type=whole, default=500, metavar="N", help="slow readers (default 500)"
    )
    line.add_argument(
        "--seconds", type=whole, default=10, metavar="S",
        help="that slow readers read (default 10)",
    )  # fmt: skip
    return line


def run(options: argparse.Namespace) -> Result:
    """Measure all. Raises `CannotRun`."""
    where = machine()
    cores = take_cores()
    files = raise_open_files()
    wanted = max(options.connections, 2 * options.readers) + SPARE_FILES
    if files < wanted:
        raise CannotRun(
            f"{wanted} open files are needed and {files} allowed; raise `ulimit -n` or use "
            f"--connections {files - SPARE_FILES} --readers {(files - SPARE_FILES) // 2}"
        )
    programs = peers.find(options.peers)
    with workplace() as directory, endpoints(directory) as ports:
        field = Field(cores, programs, options.peers, directory, ports)
        idles, slows = measure(options, field)
    return {
        "machine": where,
        "versions": versions({name: programs[name] for name in IDLE if name in programs}),
        "idle": [asdict(one) | {"each": one.each} for one in idles],
        "slow": [asdict(one) | {"each": one.each} for one in slows],
    }


def measure(options: argparse.Namespace, field: Field) -> tuple[list[Idle], list[Slow]]:
    """Every row that can be had, with the time left."""
    idle_names, slow_names = chosen(IDLE, options.only), chosen(SLOW, options.only)
    readers = Readers(options.readers, options.seconds)
    each_idle = START + LOGIN_SECONDS * options.connections
    each_slow = START + options.seconds
    progress = Progress(
        len(idle_names) + len(slow_names) * len(ANSWERS),
        len(idle_names) * each_idle + len(slow_names) * len(ANSWERS) * each_slow,
    )
    idles, slows = [], []
    for name in idle_names:
        found = or_left_out(name, partial(idle, field, name, options.connections))
        say(f"{progress.step(each_idle)} {name}: idle connections")
        idles += [found] if found else []
    for name in slow_names:
        for size in ANSWERS:
            seen = or_left_out(name, partial(slow_readers, field, name, size, readers))
            say(f"{progress.step(each_slow)} {name}: slow readers of {size / 1e6:g} MB")
            slows += [seen] if seen else []
    return idles, slows


def block(result: dict[str, Any]) -> str:
    """The figures as Markdown, as docs/performance.md has them."""
    parts = []
    if result["idle"]:
        rows = [
            [
                one["name"],
                f"{one['connections']:,}",
                f"{one['before'] / MEBI:.1f}",
                f"{one['after'] / MEBI:.1f}",
                f"{one['each']:,.0f}",
            ]
            for one in result["idle"]
        ]
        head = ["proxy", "idle connections", "MiB before", "MiB after", "octets each"]
        parts.append(markdown(head, rows))
    if result["slow"]:
        rows = [
            [
                one["name"],
                f"{one['readers']} × {one['answer'] / 1e6:g} MB",
                f"{one['before'] / MEBI:.1f}",
                f"{one['peak'] / MEBI:.1f}",
                f"{one['each'] / 1024:,.0f}",
                f"{one['files'] / MEBI:,.0f}",
            ]
            for one in result["slow"]
        ]
        head = ["proxy", "slow readers", "MiB before", "MiB peak", "KiB each", "MiB on disk"]
        parts.append(markdown(head, rows))
    parts.append(f"{result['at'][:10]}. {sentence(result['machine'], result['versions'])}")
    return "\n\n".join(parts) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    return command.carry_out("memory", parser().parse_args(argv), run, block)


if __name__ == "__main__":
    sys.exit(main())
