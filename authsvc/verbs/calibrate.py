"""`evenhand authsvc calibrate`: what this machine can hash, and so what to run an instance with."""

import argparse
import json
import sys
from typing import Any

from authsvc import cores
from authsvc.calibration import LONGEST_HASH, Rates, Step, choose, measure, serve_line
from authsvc.settings import (
    HIGHEST_BCRYPT_COST,
    LOWEST_BCRYPT_COST,
    PRODUCTION_COST,
    SettingsError,
)

COSTS = (8, 10, 11, 12)
_ABOUT = f"""\
Hash with one thread and with all of them, at each cost in turn, and tell the medians: hashes a
second, the logins a second to expect of them (new accounts have their share), how many may wait,
and the dearest cost whose hash takes less than {LONGEST_HASH} s. Needs no database.

Run it where the service will run, with the cores that an instance will have, and while nothing else
runs there: hash threads are nice, so that whatever else wants the cores gets them first.
"""
_EXAMPLES = """\
examples:
  evenhand authsvc calibrate                       about 25 s
  evenhand authsvc calibrate --cost 10 12 --cores 1 --rounds 3
  evenhand authsvc calibrate --deadline 5 --json
"""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The verb and its flags."""
    parser = verbs.add_parser(
        "calibrate",
        help="measure hashes a second; the cost and the queue to choose",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    flag = parser.add_argument
    flag("--cost", type=int, nargs="+", default=[*COSTS], metavar="N", help="default 8 10 11 12")
    flag("--cores", type=int, default=cores.given(), metavar="N", help="default: those given here")
    flag("--rounds", type=int, default=5, metavar="N", help="of each; the median counts; default 5")
    flag("--deadline", type=float, default=2.0, metavar="S", help="of a login; default 2")
    flag("--json", action="store_true", help="print the result as JSON")


def run(asked: argparse.Namespace) -> None:
    """Measure and tell. Raises SettingsError."""
    _check(asked)
    found = measure(sorted(set(asked.cost)), asked.cores, asked.rounds, _progress)
    chosen = choose(found)
    if asked.json:
        sys.stdout.write(json.dumps(_as_json(found, chosen, asked.deadline)) + "\n")
        return
    sys.stdout.write(table(found, asked.deadline))
    sys.stdout.write("\n" + advice(chosen, asked.deadline) + "\n")


def table(found: list[Rates], deadline: float) -> str:
    """A line for each cost."""
    head = ("cost", "s/hash", "1 thread/s", f"{found[0].threads} threads/s", "logins/s", "queue")
    lines = ["".join(f"{word:>13}" for word in head)]
    for one in found:
        cells = (
            f"{one.cost}",
            f"{one.hash_seconds:.3f}",
            f"{one.alone:.1f}",
            f"{one.together:.1f}",
            f"{one.logins_per_second:.1f}",
            f"{one.queue(deadline)}",
        )
        lines.append("".join(f"{cell:>13}" for cell in cells))
    return "\n".join(lines) + "\n"


def advice(chosen: Rates | None, deadline: float) -> str:
    """What to run, and why."""
    if chosen is None:
        return f"production needs cost {PRODUCTION_COST} or more: measure some of those to choose"
    if chosen.hash_seconds >= LONGEST_HASH:
        why = f"the least that production allows; a hash takes {chosen.hash_seconds:.2f} s here"
    else:
        why = f"the dearest of these whose hash takes less than {LONGEST_HASH} s"
    return f"cost {chosen.cost}: {why}\n  {serve_line(chosen, deadline)}"


def _check(asked: argparse.Namespace) -> None:
    lowest, highest = LOWEST_BCRYPT_COST, HIGHEST_BCRYPT_COST
    wrong = [
        f"--cost {cost}: must lie within {lowest} and {highest}"
        for cost in asked.cost
        if not lowest <= cost <= highest
    ]
    wrong += [
        f"--{name} must be 1 or more" for name in ("cores", "rounds") if vars(asked)[name] < 1
    ]
    if not 0 < asked.deadline < 3600:
        wrong.append("--deadline must be more than 0 s, and less than an hour")
    if wrong:
        raise SettingsError(*wrong)


def _progress(step: Step) -> None:
    sys.stderr.write(
        f"cost {step.cost}, {step.threads} threads: {step.per_second:.1f}/s; {step.left} to go\n"
    )


def _as_json(found: list[Rates], chosen: Rates | None, deadline: float) -> dict[str, Any]:
    rows = [
        {
            "cost": one.cost,
            "threads": one.threads,
            "hash_seconds": one.hash_seconds,
            "hashes_per_second_one_thread": one.alone,
            "hashes_per_second": one.together,
            "logins_per_second": one.logins_per_second,
            "hash_queue": one.queue(deadline),
        }
        for one in found
    ]
    return {
        "deadline": deadline,
        "costs": rows,
        "choose": None if chosen is None else chosen.cost,
        "serve": None if chosen is None else serve_line(chosen, deadline),
    }
