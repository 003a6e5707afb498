"""`make bench-picks`: how even an algorithm is, what a pick costs, and what building it costs."""

import argparse
import sys
import time
from collections.abc import Sequence
from random import Random

from balancer.core.algorithms import ALGORITHMS, Algorithm, Observer, maglev_table
from balancer.core.algorithms.settings import DEFAULTS
from balancer.core.endpoint import Endpoint
from bench import command
from bench.busiest import TRAFFIC, busiest
from bench.command import Result, chosen
from bench.figures import markdown
from bench.machine import machine
from bench.progress import say

SIZES = (8, 1000)
BATCHES = 9
BATCH_SECONDS = 0.03
BUILDS = 5
KEYS = 1024
HELP = """\
Measures each algorithm in one process: microseconds for a pick, at 8 and at 1000 endpoints with
weights 1, 2, 3, 1, … and some load, and milliseconds for building it, which happens when an
endpoint comes or goes (the balancer builds a maglev in slices then). The least of nine batches
counts. Before that, the share of the busiest of five equal endpoints, for three kinds of clients.

  make bench-picks                                 all, about half a minute
  make bench-picks ARGS="--only maglev --only ring_hash"
  make bench-picks ARGS="--page docs/settings.md"  … and into its place there

Exit codes: 0 measured, 2 could not run.
"""


def pool(size: int) -> list[Endpoint]:
    """Endpoints that differ in weight and in load."""
    dice = Random(size)  # noqa: S311 load for a measurement
    found = [
        Endpoint(f"endpoint-{i}", f"10.0.{i // 250}.{i % 250}:8080", i % 3 + 1) for i in range(size)
    ]
    for one in found:
        one.load.in_flight = dice.randrange(5)
    return found


def build(name: str, members: Sequence[Endpoint]) -> Algorithm:
    """One algorithm with history, where it learns from it."""
    dice = Random(1)  # noqa: S311 as in the balancer
    picker = ALGORITHMS[name](members, dice, time.monotonic, DEFAULTS)
    if isinstance(picker, Observer):
        for one in members:
            picker.observe(one, 0.01 + dice.random(), False, time.monotonic())
    return picker


def build_seconds(name: str, members: Sequence[Endpoint]) -> float:
    """The least time that building it anew takes."""
    times = []
    for _ in range(BUILDS):
        maglev_table.forget()  # else the second time would cost nothing
        began = time.perf_counter()
        ALGORITHMS[name](members, Random(1), time.monotonic, DEFAULTS)  # noqa: S311 the same
        times.append(time.perf_counter() - began)
    return min(times)


def pick_seconds(picker: Algorithm) -> float:
    """The least mean time of a batch of picks, the loop around them included."""
    keys = [f"user{i:04}".encode() for i in range(KEYS)]
    pick = picker.pick
    for key in keys * 2:  # a round robin works its first cycle out before it knows it
        pick(key)
    rounds = 1
    means: list[float] = []
    while len(means) < BATCHES:
        began = time.perf_counter()
        for _ in range(rounds):
            for key in keys:
                pick(key)
        took = time.perf_counter() - began
        if took < BATCH_SECONDS:
            rounds *= 2
        else:
            means.append(took / rounds / KEYS)
    return min(means)


def run(options: argparse.Namespace) -> Result:
    """Measure every algorithm that was asked for."""
    found, even = [], []
    for name in chosen(list(ALGORITHMS), options.only):
        say(name)
        even.append({"algorithm": name} | {kind: busiest(name, kind) for kind in TRAFFIC})
        for size in SIZES:
            members = pool(size)
            found.append(
                {
                    "algorithm": name,
                    "endpoints": size,
                    "pick_us": pick_seconds(build(name, members)) * 1e6,
                    "build_ms": build_seconds(name, members) * 1e3,
                }
            )
    return {"machine": machine(), "busiest": even, "costs": found}


def block(result: Result) -> str:
    """A row for each algorithm."""
    costs = {(one["algorithm"], one["endpoints"]): one for one in result["costs"]}
    rows = [
        [f"`{one['algorithm']}`"]
        + [f"{one[kind]:.0%}" for kind in TRAFFIC]
        + [f"{costs[one['algorithm'], size]['pick_us']:.2f} µs" for size in SIZES]
        + [f"{costs[one['algorithm'], size]['build_ms']:.1f} ms" for size in SIZES]
        for one in result["busiest"]
    ]
    head = ["busiest of five, a pick, a build", *TRAFFIC]
    head += [f"pick of {size}" for size in SIZES] + [f"build of {size}" for size in SIZES]
    where = result["machine"]
    place = f"{result['at'][:10]}, {where['processor']}, Python {where['python']}"
    return f"{markdown(head, rows)}\n\n{place}: `make bench-picks`, the least of nine batches.\n"


def main(argv: Sequence[str]) -> int:
    """Measure and show."""
    line = command.parser("picks", HELP, list(ALGORITHMS))
    return command.carry_out("picks", line.parse_args(argv), run, block)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
