"""`make profile`: where the data path spends its microseconds, without a network.

The real protocols, parser, table and algorithm run in this process, between transports that throw
away what is written. So nothing is measured but our own code and the parser: no system call, no
other process, no scheduler. Two runs of it differ by a few percent, where a benchmark over sockets
differs by tens.
"""

import argparse
import cProfile
import json
import pstats
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import httptools
import uvloop

import balancer
from bench.datapath import REQUEST, DataPath
from bench.figures import markdown
from bench.page import put
from bench.stub import ANSWER

HOUSE = Path(balancer.__file__).parent.parent
BATCHES = 15
HELP = """\
Runs logins through the data path in this process, between transports that only count, and tells
the CPU time of one exchange, what the parser alone takes of it, and the functions that take most.

  python -m bench.profile                        a table
  python -m bench.profile --page docs/performance.md     and into its block there
  python -m bench.profile --exchanges 50000 --json

The time of one exchange is taken without the profiler. The shares are the profiler's; since it
charges for each call, small functions look dearer than they are: compare a function with itself.
"""


class Ignore:
    """What a parser calls at the least for us: both heads with their fields."""

    def on_url(self, url: bytes) -> None:
        """Nothing."""

    def on_header(self, name: bytes, value: bytes) -> None:
        """Nothing."""

    def on_body(self, data: bytes) -> None:
        """Nothing."""

    def on_message_complete(self) -> None:
        """Nothing."""


def parse_only(exchanges: int) -> None:
    """The parser's part alone, with callbacks that do nothing."""
    requests = httptools.HttpRequestParser(Ignore())
    answers = httptools.HttpResponseParser(Ignore())
    for _ in range(exchanges):
        requests.feed_data(REQUEST)
        answers.feed_data(ANSWER)


def microseconds(work: Callable[[int], None], exchanges: int) -> float:
    """CPU time of one exchange: the least over some batches, since noise only ever adds."""
    batch = max(1, exchanges // BATCHES)
    least = float("inf")
    for _ in range(BATCHES):
        began = time.process_time()
        work(batch)
        least = min(least, time.process_time() - began)
    return least / batch * 1e6


Own = dict[tuple[str, int, str], tuple[int, float]]
"""Calls and seconds of own time of each function, by its file, line and name."""


def profiled(work: Callable[[int], None], exchanges: int) -> Own:
    """What cProfile sees of so many exchanges, without the benchmark's own functions."""
    profile = cProfile.Profile()
    profile.runcall(work, exchanges)
    stats = cast(Any, pstats.Stats(profile)).stats
    return {
        key: (value[1], value[2])
        for key, value in stats.items()
        if Path(key[0]).parent != Path(__file__).parent
    }


def by_function(own: Own, exchanges: int, count: int) -> list[dict[str, Any]]:
    """The functions with most own time."""
    total = sum(seconds for _, seconds in own.values())
    ranked = sorted(own.items(), key=lambda item: -item[1][1])[:count]
    return [
        {
            "function": _label(*key),
            "calls": round(calls / exchanges, 2),
            "share": round(100 * seconds / total, 1),
        }
        for key, (calls, seconds) in ranked
    ]


def by_file(own: Own, microseconds: float) -> list[dict[str, Any]]:
    """Each file's part of an exchange; what is neither ours nor a file counts as `built-in`."""
    sums: dict[str, float] = {}
    for (path, _, _), (_, seconds) in own.items():
        name = _place(path) if Path(path).is_relative_to(HOUSE) else "built-in"
        sums[name] = sums.get(name, 0.0) + seconds
    total = sum(sums.values())
    return [
        {"file": name, "microseconds": round(microseconds * seconds / total, 1)}
        for name, seconds in sorted(sums.items(), key=lambda item: -item[1])
        if seconds >= total / 100
    ]


def _label(path: str, line: int, name: str) -> str:
    """`net/client.py:80 data_received`, or a built-in's name without its angle brackets."""
    if path == "~":
        return name.strip("<>{}").replace("built-in method ", "")
    return f"{_place(path)}:{line} {name}"


def _place(path: str) -> str:
    """A path from the top of the project, or a file's name alone."""
    place = Path(path)
    return str(place.relative_to(HOUSE)) if place.is_relative_to(HOUSE) else place.name


async def measure(exchanges: int, count: int) -> dict[str, Any]:
    """Everything that this command tells. Raises RuntimeError if a login was not answered."""
    path = DataPath()
    await path.warm_up()
    before = path.edge.answers
    whole = microseconds(path.run, exchanges)
    own = profiled(path.run, exchanges)
    asked, answered = max(1, exchanges // BATCHES) * BATCHES + exchanges, path.edge.answers - before
    if answered != asked:
        raise RuntimeError(f"{asked} logins were sent and {answered} answered with 201")
    return {
        "microseconds": round(whole, 2),
        "parser": round(microseconds(parse_only, exchanges), 2),
        "files": by_file(own, whole),
        "functions": by_function(own, exchanges, count),
    }


def block(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    files = [[f"`{one['file']}`", f"{one['microseconds']:.1f}"] for one in result["files"]]
    rows = [
        [f"`{one['function']}`", f"{one['calls']:g}", f"{one['share']:.1f} %"]
        for one in result["functions"]
    ]
    return (
        f"One exchange takes {result['microseconds']:.1f} µs of CPU outside the kernel; "
        f"the parser alone would take {result['parser']:.1f} µs.\n\n"
        + markdown(["file", "µs per exchange"], files)
        + "\n\n"
        + markdown(["function", "calls per exchange", "own time"], rows)
        + "\n"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.profile",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--exchanges", type=int, default=30_000, metavar="N", help="logins (default 30000)"
    )
    parser.add_argument(
        "--top", type=int, default=15, metavar="N", help="functions to show (default 15)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the block into a page too")
    options = parser.parse_args(argv)
    if options.exchanges < 1 or options.top < 1:
        parser.error("--exchanges and --top are 1 or more")
    result = uvloop.run(measure(options.exchanges, options.top))
    if options.page is not None:
        put(options.page, "profile", block(result))
    sys.stdout.write(json.dumps(result, indent=1) + "\n" if options.json else block(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
