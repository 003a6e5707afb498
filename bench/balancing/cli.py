"""`make bench-balancing`: how each algorithm bears one endpoint that is unlike the others."""

import argparse
import contextlib
import gc
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import uvloop

from bench import command, peers
from bench.balancing.conditions import CONDITIONS
from bench.balancing.contenders import CONTENDERS, Contender
from bench.balancing.load import Load
from bench.balancing.picture import draw
from bench.balancing.report import block, line, rows_from
from bench.balancing.tally import Row
from bench.balancing.trial import Field, batch
from bench.children import CannotRun, raise_open_files
from bench.command import Result, chosen, whole
from bench.field import workplace
from bench.machine import machine, versions
from bench.progress import Progress, say

HELP = """\
Five endpoints of emulated capacity, and open arrivals of logins from 200 sources. Under each
condition (nothing wrong, all sources behind one address, one endpoint ten times slower, one that
fails at once, one that comes back cold) every algorithm is measured with probes alone and guarded,
beside nginx `least_conn` and HAProxy `leastconn`: p50, p99, the failing share, and the share of
logins that the odd endpoint got.

  make bench-balancing                                         everything, about six minutes
  make bench-balancing ARGS="--only p2c --only nginx --condition slow"
  make bench-balancing ARGS="--page docs/balancing.md --picture docs/pictures/balancing.png"
  make bench-balancing ARGS="--json" > balancing.json          every figure
  make bench-balancing ARGS="--from balancing.json --picture balancing.png"

A name takes its rows with guards too. The other proxies come from a venv with requirements.bench
(`make` makes it). What is missing is left out and named.

Exit codes: 0 measured, 2 could not run.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command.parser("balancing", HELP, list(CONTENDERS))
    line.add_argument(
        "--condition", action="append", choices=CONDITIONS, metavar="NAME",
        help=f"leave out all others; may be given several times: {', '.join(CONDITIONS)}",
    )  # fmt: skip
    line.add_argument(
        "--picture",
        type=Path,
        metavar="FILE",
        help="draw it, and show it on the page (.svg or .png)",
    )
    line.add_argument("--rate", type=whole, default=200, help="logins a second (default 200)")
    line.add_argument("--seconds", type=whole, default=10, help="that count (default 10)")
    line.add_argument("--seed", type=whole, default=1, help="of the arrivals (default 1)")
    line.add_argument(
        "--together", type=whole, default=7, metavar="N",
        help="contenders at a time (default 7); fewer disturb one another less",
    )  # fmt: skip
    line.add_argument(
        "--quick", action="store_true", help="1 s after 0.5 s: to see that it runs, not to compare"
    )
    line.add_argument(
        "--from", dest="saved", type=Path, metavar="FILE",
        help="measure nothing: show what --json wrote",
    )  # fmt: skip
    return line


def load_of(options: argparse.Namespace) -> Load:
    """What was asked for on the command line."""
    load = Load(rate=options.rate, seconds=options.seconds, seed=options.seed)
    return replace(load, seconds=1.0, settle=0.5) if options.quick else load


def measure(options: argparse.Namespace, field: Field, load: Load) -> list[Row]:
    """Every contender under every condition, a few at a time."""
    contenders = [CONTENDERS[name] for name in chosen(list(CONTENDERS), options.only)]
    conditions = [CONDITIONS[name] for name in options.condition or CONDITIONS]
    todo = [
        (condition, some)
        for condition in conditions
        for some in dealt(contenders, options.together)
    ]
    progress = Progress(len(todo), len(todo) * load.whole)
    say(f"[0/{len(todo)}, {progress.left() / 60:.1f} min left]")
    rows: list[Row] = []
    for condition, some in todo:
        with uncollected():
            found = uvloop.run(batch(field, some, condition, load))
        rows += found
        for row in found:
            say(line(row))
        say(progress.step(load.whole))
    places = list(CONTENDERS)
    return sorted(
        rows,
        key=lambda row: (list(CONDITIONS).index(row.condition), places.index(row.contender)),
    )


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection while we measure: it would hold up endpoints and sources alike."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def dealt(contenders: Sequence[Contender], together: int) -> list[Sequence[Contender]]:
    """Hands of at most so many, dealt as cards are: ours and theirs in each, in the same noise."""
    hands = -(-len(contenders) // together)
    return [contenders[n::hands] for n in range(hands)]


def run(options: argparse.Namespace) -> Result:
    """Measure, or read what was measured; draw it if asked to. Raises `CannotRun`."""
    result = reread(options.saved) if options.saved else measured(options)
    if options.picture is not None:
        try:
            draw(rows_from(result), options.picture)
        except (OSError, ValueError) as error:
            raise CannotRun(f"no picture {options.picture}: {error}") from error
        if options.page is not None:
            shown = os.path.relpath(options.picture, options.page.parent)
            return result | {"picture": shown.replace(os.sep, "/")}
    return result


def measured(options: argparse.Namespace) -> Result:
    """What a run finds. Raises `CannotRun` if no contender could be measured."""
    load, programs = load_of(options), peers.find(options.peers)
    raise_open_files()
    with workplace() as directory:
        rows = measure(options, Field(programs, options.peers, directory), load)
    if not rows:
        raise CannotRun("no contender could be measured; the lines above say why")
    used = {CONTENDERS[row.contender].program for row in rows}
    return {
        "machine": machine(),
        "versions": versions({name: one for name, one in programs.items() if name in used}),
        "load": asdict(load),
        "together": options.together,
        "rows": [asdict(row) for row in rows],
    }


def reread(path: Path) -> Result:
    """What an earlier run printed with --json. Raises `CannotRun` if it is not that."""
    try:
        saved: dict[str, Any] = json.loads(path.read_text())
        block(saved)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotRun(f"{path} is not what --json wrote: {error!r}") from error
    return saved


def main(argv: Sequence[str]) -> int:
    """The command; returns its exit code."""
    return command.carry_out("balancing", parser().parse_args(argv), run, block)
