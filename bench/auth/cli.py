"""The command: all three measurements, or some, as a block for the page or as JSON."""

import argparse
import asyncio
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from authsvc import cores
from bench import machine, peers
from bench.auth import capacity, reads, report
from bench.auth.stage import Stage, stage
from bench.children import CannotRun
from bench.command import Result, carry_out, parser, whole
from loadtest.postgres_binaries import NoPostgres

PARTS = ("share", "flood", "reads")
HELP = """\
Logins a second as a share of what bcrypt alone reaches; goodput at three times capacity, with a
bounded queue and with none; whoami beside a FastAPI service. Needs wrk (Debian has it), and a
machine on which nothing else runs.

  python -m bench.auth                                all: about four minutes
  python -m bench.auth --only reads --rounds 5
  python -m bench.auth --page docs/auth-performance.md
"""


def main(argv: Sequence[str]) -> int:
    """Exit code 0, 2 could not run, 130 interrupted."""
    line = parser("auth", HELP, PARTS)
    line.add_argument("--rounds", type=whole, default=4, metavar="N", help="of each (default 4)")
    line.add_argument("--seconds", type=whole, default=6, metavar="S", help="of one (default 6)")
    return carry_out("auth", line.parse_args(argv), run, report.block)


def run(options: argparse.Namespace) -> Result:
    """Measure what was asked for. Raises `CannotRun`."""
    wrk = peers.debian("wrk")
    if wrk is None:
        raise CannotRun("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory(prefix="evenhand-bench-") as folder:
        try:
            return asyncio.run(_run(options, wrk, Path(folder)))
        except NoPostgres as reason:
            raise CannotRun(str(reason)) from reason


async def _run(options: argparse.Namespace, wrk: Path, folder: Path) -> Result:
    only, found = options.only or PARTS, dict[str, Any]()
    found |= {"load": os.getloadavg()[0]}
    async with stage(folder) as on:
        if "share" in only:
            rounds = await capacity.shares(on, wrk, options.rounds, options.seconds)
            found["share"] = [
                asdict(one) | {"share": one.share, "cpu_share": one.cpu_share} for one in rounds
            ]
        if "flood" in only:
            found["flood"] = await _floods(on, options)
        if "reads" in only:  # last: it pins us to some of the cores
            rows = await reads.measure(on, wrk, options.peers, options.rounds, options.seconds)
            found["reads"] = [asdict(one) for one in rows]
    return found | {
        "settings": {"rounds": options.rounds, "seconds": options.seconds},
        "machine": machine.machine(),
        "versions": {name: version(name) for name in ("bcrypt", "aiohttp", "asyncpg", "uvloop")},
    }


async def _floods(on: Stage, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Bounded and unbounded take turns, with bcrypt alone before and after each."""
    bounded = ("--profile", "production")
    unbounded = (
        *("--bcrypt-cost", "10", "--hash-seconds", "0", "--hash-queue", "unbounded"),
        *("--abandoned", "finish", "--hash-slots", str(cores.given())),
    )
    seconds, found = 3.0 * options.seconds, []
    before = capacity.bare(options.seconds).per_second
    for _ in range(max(1, options.rounds // 2)):
        for flags in (bounded, unbounded):
            seen = await capacity.flood(on, flags, before, seconds)
            after = capacity.bare(options.seconds).per_second
            seen, before = replace(seen, capacity=(before + after) / 2), after
            found.append(asdict(seen) | {"share": seen.share})
    return found
