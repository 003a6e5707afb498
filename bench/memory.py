"""`make bench-memory`: memory for idle connections and slow readers, beside nginx and HAProxy."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from bench import peers
from bench.children import CannotRun, interruptible, raise_open_files, take_cores
from bench.field import Field, endpoints, say
from bench.figures import markdown
from bench.idle import idle
from bench.machine import machine, sentence, versions
from bench.page import put
from bench.slow_readers import Readers, slow_readers

IDLE = ["evenhand", "nginx", "haproxy"]
SLOW = ["evenhand", "nginx buffering off", "nginx buffering on", "haproxy"]
SPARE_FILES = 500
"""Open files that a process needs beside its clients' connections."""
ANSWERS = (5_000_000, 50_000_000)
"""Octets of the slow readers' answers."""
MEBI = 2**20
Found = TypeVar("Found")
HELP = """\
Measures the resident memory of this project's balancer, nginx and HAProxy:
with 10,000 idle keep-alive connections, each after one login, and
with 500 clients that read 4 KiB a second of an answer of 5 MB, then of 50 MB: memory that grows
with the answer would show.

  python -m bench.memory                            everything, about two minutes
  python -m bench.memory --only evenhand --connections 1000 --readers 50
  python -m bench.memory --markdown                 the block for docs/performance.md
  python -m bench.memory --page docs/performance.md     … and into its place there

The other proxies come from a venv with requirements.bench (`make bench-memory` makes it). What is
missing is left out and named.

Exit codes: 0 measured, 2 could not run.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(
        prog="python -m bench.memory",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    line.add_argument(
        "--connections", type=int, default=10_000, metavar="N",
        help="idle connections (default 10000)",
    )  # fmt: skip
    line.add_argument(
        "--readers", type=int, default=500, metavar="N", help="slow readers (default 500)"
    )
    line.add_argument(
        "--seconds", type=float, default=10, metavar="S",
        help="that slow readers read (default 10)",
    )  # fmt: skip
    line.add_argument(
        "--only", action="append", choices=sorted({*IDLE, *SLOW}), metavar="NAME",
        help="leave out all others; may be given several times",
    )  # fmt: skip
    line.add_argument(
        "--peers", type=Path, default=peers.DEFAULT_VENV, metavar="DIR",
        help="the venv with the other programs (default .venv-bench)",
    )  # fmt: skip
    line.add_argument("--page", type=Path, metavar="FILE", help="write the block into a page too")
    form = line.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the figures as JSON")
    form.add_argument("--markdown", action="store_true", help="print the block for the docs")
    return line


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure all. Raises `CannotRun`."""
    where = machine()
    cores = take_cores()
    files = raise_open_files()
    wanted = max(options.connections, options.readers) + SPARE_FILES
    if files < wanted:
        raise CannotRun(
            f"{wanted} open files are needed and {files} allowed; raise `ulimit -n` or use "
            f"--connections {files - SPARE_FILES}"
        )
    programs = peers.find(options.peers)
    readers = Readers(options.readers, options.seconds)
    with tempfile.TemporaryDirectory(prefix="evenhand-bench-") as name:
        directory = Path(name)
        with endpoints(directory) as ports:
            field = Field(cores, programs, options.peers, directory, ports)
            idles = [
                found
                for one in _chosen(IDLE, options.only)
                if (found := _or_left_out(one, partial(idle, field, one, options.connections)))
            ]
            slows = [
                seen
                for one in _chosen(SLOW, options.only)
                for size in ANSWERS
                if (seen := _or_left_out(one, partial(slow_readers, field, one, size, readers)))
            ]
    return {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": where,
        "versions": versions({name: programs[name] for name in IDLE if name in programs}),
        "idle": [asdict(one) | {"each": one.each} for one in idles],
        "slow": [asdict(one) | {"each": one.each} for one in slows],
    }


def _chosen(names: Sequence[str], only: Sequence[str] | None) -> list[str]:
    return [name for name in names if not only or name in only]


def _or_left_out(name: str, take: Callable[[], Found]) -> Found | None:
    """What is measured, or None where a contender is missing or fails, which is told."""
    try:
        return take()
    except CannotRun as reason:
        say(f"left out: {name}: " + "\n  ".join(str(reason).splitlines()[:4]))
        return None


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
    options = parser().parse_args(argv)
    if options.connections < 1 or options.readers < 1 or options.seconds < 1:
        parser().error("--connections, --readers and --seconds are 1 or more")
    interruptible()
    try:
        result = run(options)
        if options.page is not None:
            put(options.page, "memory", block(result))
    except CannotRun as reason:
        sys.stderr.write(f"bench.memory: {reason}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("bench.memory: interrupted; everything that was started is stopped\n")
        return 130
    sys.stdout.write(json.dumps(result, indent=1) + "\n" if options.json else block(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
