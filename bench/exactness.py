"""`make bench-exactness`: our picks beside those of the real nginx and Envoy, pick for pick."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import command, peers
from bench.cases import DECIDES, Case, cases, record
from bench.children import CannotRun
from bench.command import Result, chosen, or_left_out
from bench.deciders import ask, named_endpoints
from bench.field import workplace
from bench.figures import markdown
from bench.progress import say

RECORDS = Path(__file__).parent.parent / "tests" / "data" / "picks"
HELP = """\
Starts the real nginx and Envoy before endpoints that tell their names, sends them the requests of
every case, and counts the picks in which our algorithm decides otherwise:
smooth weighted round robin over 18 sets of weights, ip_hash, hash … consistent (nginx) and Maglev
(Envoy) over 1000 keys for each of several sets of weights.

  make bench-exactness                            both, about half a minute
  make bench-exactness ARGS="--only nginx --json"
  make bench-exactness ARGS="--record"            … and keep what they picked in tests/data/picks,
                                                  with which the tests compare on any machine

The programs come from a venv with requirements.bench (`make` makes it). What is missing is left
out and named.

Exit codes: 0 no difference, 1 differences, 2 could not run.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command.parser("exactness", HELP, sorted(DECIDES))
    line.add_argument("--record", action="store_true", help="keep the picks for the tests")
    return line


def run(options: argparse.Namespace) -> Result:
    """Ask each program that is installed. Raises `CannotRun` if none is."""
    programs = peers.find(options.peers)
    result: Result = {"versions": {}, "cases": []}
    with workplace() as directory, named_endpoints() as ports:
        for name in chosen(list(DECIDES), options.only):

            def picked(name: str = name) -> list[Case]:
                if name not in programs:
                    raise CannotRun(peers.why_missing(name, options.peers))
                say(f"{name}: asking")
                return list(ask(name, cases(name, ports), directory, programs[name]))

            found = or_left_out(name, picked)
            if found is None:
                continue
            result["versions"][name] = programs[name].version
            result["cases"] += [_told(name, case) for case in found]
            if options.record:
                record(RECORDS / f"{name}.json", programs[name].version, found)
    if not result["cases"]:
        raise CannotRun("neither nginx nor Envoy could be asked")
    return result


def _told(program: str, case: Case) -> dict[str, Any]:
    return {
        "program": program,
        "algorithm": case.algorithm,
        "weights": case.weights,
        "picks": len(case.picks),
        "differences": case.differences,
    }


def block(result: Result) -> str:
    """A row for each algorithm, and one for each case that differs."""
    found = result["cases"]
    rows = []
    for name in dict.fromkeys(one["algorithm"] for one in found):
        of_it = [one for one in found if one["algorithm"] == name]
        program = of_it[0]["program"]
        rows.append(
            [
                f"`{name}`",
                f"{program} {result['versions'][program]}",
                f"{len(of_it)}",
                f"{sum(one['picks'] for one in of_it):,}",
                f"{sum(one['differences'] for one in of_it)}",
            ]
        )
    table = markdown(["algorithm", "beside", "sets of weights", "picks", "differences"], rows)
    wrong = [
        f"- `{one['algorithm']}` {one['weights']}: {one['differences']} of {one['picks']} differ"
        for one in found
        if one["differences"]
    ]
    return "\n".join([f"{result['at']}", "", table, *wrong]) + "\n"


def main(argv: Sequence[str]) -> int:
    """Compare, show, and say by the exit code whether all were equal."""
    options = parser().parse_args(argv)
    differ = False

    def noting(options: argparse.Namespace) -> Result:
        nonlocal differ
        result = run(options)
        differ = any(one["differences"] for one in result["cases"])
        return result

    return command.carry_out("exactness", options, noting, block) or int(differ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
