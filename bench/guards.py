"""`make bench-guards`: what each guard costs an exchange when all is well, in CPU time.

As `make profile`, the real data path between transports that only count. All settings take turns,
batch by batch, so that a slow moment of the machine falls on each alike.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from bench.datapath import DataPath
from bench.figures import markdown
from bench.page import put

GUARDS = {
    "ejection": "ejection: {consecutive: 5, success_rate: {}}",
    "panic": "panic: 0.5",
    "slow start (nobody cold)": "slow_start: 30s",
    "limit and queue": "limit: {in_flight: 64}",
    "retry": "retry: {}",
}
SETTINGS = {"none": "", **GUARDS, "all": "\n".join(GUARDS.values())}
BATCHES = 40
HELP = """\
Runs logins through the data path in this process, once for each guard, for none and for all, and
tells the CPU time of one exchange. Health checks cost an exchange nothing: they have their own
connections and their own time.

  python -m bench.guards                         a table
  python -m bench.guards --page docs/performance.md     and into its block there
  python -m bench.guards --exchanges 50000 --json
"""


async def measure(exchanges: int) -> dict[str, float]:
    """CPU microseconds of one exchange by setting: the least over batches that take turns."""
    paths = {name: DataPath(text) for name, text in SETTINGS.items()}
    least = dict.fromkeys(paths, float("inf"))
    for path in paths.values():
        await path.warm_up()
    batch = max(1, exchanges // BATCHES)
    for _ in range(BATCHES):
        for name, path in paths.items():
            began = time.process_time()
            path.run(batch)
            least[name] = min(least[name], time.process_time() - began)
    return {name: seconds / batch * 1e6 for name, seconds in least.items()}


def block(found: dict[str, float]) -> str:
    """The table."""
    without = found["none"]
    rows = [[name, f"{micros:.1f}", f"{micros - without:+.1f}"] for name, micros in found.items()]
    return markdown(["guards", "µs per exchange", "more than without"], rows)


def main(argv: Sequence[str]) -> int:
    """Exit code 0."""
    line = argparse.ArgumentParser(
        prog="python -m bench.guards",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    line.add_argument("--exchanges", type=int, default=80_000, help="for each row (default 80000)")
    line.add_argument("--page", type=Path, metavar="FILE", help="write the block into a page too")
    line.add_argument("--json", action="store_true", help="print JSON instead of the table")
    options = line.parse_args(argv)
    found = uvloop.run(measure(options.exchanges))
    if options.page is not None:
        put(options.page, "guards", block(found))
    result: dict[str, Any] = {"microseconds": found}
    sys.stdout.write(json.dumps(result) + "\n" if options.json else block(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
