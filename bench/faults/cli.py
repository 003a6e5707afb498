"""The command: which proxies, which scenarios, how often; progress; the table."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from bench import peers
from bench.children import CannotRun
from bench.faults import report
from bench.faults.processes import NotReady
from bench.faults.proxies import SETTINGS, Setting
from bench.faults.run import Load, Row, record, row
from bench.faults.scenarios import SCENARIOS, Scenario
from bench.machine import machine
from bench.page import check, put

HELP = """\
Breaks things under load and counts, at the client and at the instances, what each proxy loses
and what it does twice.

  make bench-faults                                       everything: about ten minutes a round
  make bench-faults ARGS="--only ours"                    this balancer alone
  make bench-faults ARGS="--only ours,nginx --scenarios kill-stays,rolling-kill --rounds 3"
  make bench-faults ARGS="--json" > faults.json           for machines
  make bench-faults ARGS="--page docs/faults.md"          write the tables into their place there
  make bench-faults ARGS="--from faults.json --markdown"  the tables of an earlier run

A request is lost if its client has no valid answer: an error from the proxy is a loss. Nothing is
retried by the client. `in flight there` counts POSTs that an instance was at when it was killed.
"""

SET_UP = 2.2
"""Seconds that a run takes beyond its scenario's, for the time left; measured."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(
        prog="python -m bench.faults",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument("--only", type=names(SETTINGS), metavar="PROXY,…", help=", ".join(SETTINGS))
    found.add_argument(
        "--scenarios", type=names(SCENARIOS), metavar="NAME,…", help=", ".join(SCENARIOS)
    )
    found.add_argument("--rounds", type=int, default=1, help="play each so often, count together")
    found.add_argument("--rate", type=float, default=Load().rate, help="requests a second")
    found.add_argument("--seed", type=int, default=Load().seed, help="the first round's")
    found.add_argument("--port-base", type=int, default=19100, help="look for free ports from here")
    found.add_argument("--peers", type=Path, default=peers.DEFAULT_VENV, metavar="VENV")
    found.add_argument("--from", dest="saved", type=Path, metavar="FILE", help="a saved --json")
    found.add_argument("--strict", action="store_true", help="exit with 1 if ours misses an aim")
    found.add_argument("--page", type=Path, metavar="FILE", help="write the tables into a page too")
    shape = found.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true")
    shape.add_argument("--markdown", action="store_true")
    return found


def names(known: Mapping[str, object]) -> Callable[[str], list[str]]:
    """An argparse type: names separated by commas, each of which must be known."""

    def split(text: str) -> list[str]:
        wanted = [one.strip() for one in text.split(",")]
        for one in wanted:
            if one not in known:
                raise argparse.ArgumentTypeError(f"no '{one}'; there are: {', '.join(known)}")
        return wanted

    return split


def plan(
    settings: Sequence[Setting], scenarios: Sequence[Scenario]
) -> Iterator[tuple[Scenario, Setting]]:
    """What to play, scenario by scenario; variants only where they can differ."""
    for scenario in scenarios:
        for setting in settings:
            if scenario.kind in setting.kinds:
                yield scenario, setting


def installed(options: argparse.Namespace, programs: Mapping[str, peers.Program]) -> list[Setting]:
    """The settings asked for whose program is here; the others are told of."""
    found = []
    for name in options.only or SETTINGS:
        needs = SETTINGS[name].product.program
        if needs and needs not in programs:
            say(f"{name}: skipped; {peers.why_missing(needs, options.peers)}")
        else:
            found.append(SETTINGS[name])
    return found


def play_all(options: argparse.Namespace) -> tuple[list[Row], list[str]]:
    """Play everything that was asked for and is installed: the rows, and what went wrong."""
    programs = peers.find(options.peers)
    scenarios = [SCENARIOS[name] for name in options.scenarios or SCENARIOS]
    todo = list(plan(installed(options, programs), scenarios))
    left = sum(scenario.seconds + SET_UP for scenario, _ in todo) * options.rounds
    rows, troubles = [], []
    for n, (scenario, setting) in enumerate(todo, start=1):
        say(f"[{n}/{len(todo)}, {left / 60:.0f} min left] {scenario.name}: {setting.name}")
        left -= (scenario.seconds + SET_UP) * options.rounds
        loads = [Load(options.rate, options.seed + i) for i in range(options.rounds)]
        program = programs.get(setting.product.program)
        try:
            rounds = [record(setting, program, scenario, one, options.port_base) for one in loads]
        except NotReady as trouble:  # the others' figures are still worth having
            say(str(trouble))
            troubles.append(str(trouble))
        else:
            rows.append(row(setting, scenario, rounds))
    return rows, troubles


def about(options: argparse.Namespace) -> dict[str, Any]:
    """What a reader of the figures must know."""
    used = {setting.product.program for setting in SETTINGS.values()}
    found = {name: one for name, one in peers.find(options.peers).items() if name in used}
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": {name: program.version for name, program in found.items()},
        "rate": options.rate,
        "seed": options.seed,
        "rounds": options.rounds,
    }


def show(rows: Sequence[Row], facts: dict[str, Any], options: argparse.Namespace) -> None:
    """Print the table in the shape asked for."""
    if options.json:
        text = json.dumps(report.document(rows, facts), indent=1, ensure_ascii=False)
    elif options.markdown:
        text = report.block(rows, facts)
    else:
        text = report.terminal(rows)
    sys.stdout.write(text + "\n")


def reread(path: Path) -> tuple[list[Row], dict[str, Any]]:
    """The rows of an earlier run, and what is to be known of it. Raises NotReady, OSError."""
    try:
        saved = json.loads(path.read_text())
        return report.rows_from(saved), saved["about"]
    except (ValueError, KeyError, TypeError) as error:
        raise NotReady(f"{path} is not what --json wrote: {error!r}") from error


def main(argv: Sequence[str]) -> int:
    """Run the script; exit codes: 0 done, 1 `--strict` and an aim missed, 2 wrong input or a run
    that could not be done, 130 Ctrl-C."""
    options = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    troubles: list[str] = []
    try:
        if options.page is not None:
            check(options.page, "faults")  # now, and not when all is played
        if options.saved:
            rows, facts = reread(options.saved)
        else:
            rows, troubles = play_all(options)
            facts = about(options)
        if options.page is not None:
            put(options.page, "faults", report.block(rows, facts))
    except KeyboardInterrupt:
        return 130
    except (CannotRun, NotReady, OSError) as error:
        sys.stderr.write(f"bench.faults: {error}\n")
        return 2
    show(rows, facts, options)
    missed = any(row.missed for row in rows if row.is_ours)
    return 2 if troubles else int(options.strict and missed)


def _interrupt(*_: object) -> NoReturn:
    """SIGTERM ends us as Ctrl-C does: through every `finally`."""
    raise KeyboardInterrupt


def say(line: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()
