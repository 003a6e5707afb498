"""`evenhand forecast`: what a configuration will do to each endpoint, before it ships."""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from balancer import config as configuration
from balancer.core.pool import Pool
from balancer.forecast import traffic as traffic_file
from balancer.forecast.simulate import Run, simulate
from balancer.forecast.traffic import Traffic
from balancer.source import ConfigError, Problem
from balancer.table import build

HELP = """\
Says what share of the logins each endpoint will get, how busy that makes it, and what share of all
logins will fail, from the configuration and the traffic alone. The algorithm is the one that
balances live traffic; arrivals are drawn from seeds, and the spread over them is given.

  evenhand forecast balancer.yaml --traffic traffic.yaml
  evenhand forecast balancer.yaml --traffic traffic.yaml --json

The traffic file:

  rate: 32              # logins a second
  duration: 20s
  settle: 5s            # left out of the failing share
  patience: 2s          # a client waits so long
  arrivals: poisson     # or constant
  sources: 200          # distinct client addresses
  capacity: {slots: 1, hash_seconds: 0.1, queue: unbounded, abandoned: finish}   # of each endpoint

Exit codes: 0 forecast made, 2 the configuration or the traffic cannot be used.
"""


def forecast(pool: Pool, traffic: Traffic, seeds: Sequence[int]) -> dict[str, Any]:
    """The mean of one simulated run per seed; shares are fractions of all logins."""
    runs = [simulate(pool, traffic, Random(seed)) for seed in seeds]
    failing = [run.failing_share for run in runs]
    endpoints = {one.name: _endpoint(one.name, runs, traffic) for one in pool.endpoints}
    return {
        "pool": pool.name,
        "algorithm": pool.algorithm,
        "failing_share": statistics.mean(failing),
        "failing_share_sd": statistics.stdev(failing) if len(failing) > 1 else 0.0,
        "seeds": len(seeds),
        "shares": {name: one["share"] for name, one in endpoints.items()},
        "endpoints": endpoints,
    }


def _endpoint(name: str, runs: list[Run], traffic: Traffic) -> dict[str, float]:
    """One endpoint's share, utilisation (1 is all it can do) and failing share of its own."""
    tallies = [run.tallies[name] for run in runs]
    every = sum(t.attempts for run in runs for t in (*run.tallies.values(), run.unpicked))
    attempts = sum(tally.attempts for tally in tallies)
    judged = sum(tally.judged for tally in tallies)
    share = attempts / every if every else 0.0
    return {
        "share": share,
        "utilisation": share * traffic.rate / traffic.capacity.per_second,
        "failing_share": sum(tally.failed for tally in tallies) / judged if judged else 0.0,
    }


def text(result: dict[str, Any], traffic: Traffic) -> str:
    """The forecast as a table."""
    lines = [
        f"pool {result['pool']}, {result['algorithm']}, {traffic.rate:g} logins/s "
        f"for {traffic.duration:g} s, {result['seeds']} seeds",
        "",
        f"  {'endpoint':<22}{'share':>8}{'utilisation':>13}{'failing':>9}",
    ]
    for name, one in result["endpoints"].items():
        lines.append(
            f"  {name:<22}{one['share']:>8.1%}{one['utilisation']:>13.0%}"
            f"{one['failing_share']:>9.1%}"
        )
    spread = result["failing_share_sd"]
    lines += ["", f"  failing share of all logins: {result['failing_share']:.1%} (sd {spread:.1%})"]
    return "\n".join(lines)


def main(argv: Sequence[str]) -> int:
    """The verb; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="evenhand forecast",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("config", type=Path, metavar="CONFIG")
    parser.add_argument("--traffic", required=True, type=Path, metavar="FILE")
    parser.add_argument("--seeds", type=int, default=20, help="runs to average (default: 20)")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    options = parser.parse_args(argv)
    if not 1 <= options.seeds <= 10_000:
        parser.error("--seeds goes from 1 to 10000")
    try:
        config, config_text = configuration.load(options.config)
        traffic = traffic_file.load(options.traffic)
        table = build(config, config_text, Random(0))
        pool = table.match(b"", traffic.path.encode())
        if pool is None:
            message = f"no route of {options.config} leads anywhere from {traffic.path}"
            raise ConfigError(str(options.traffic), [Problem(1, 1, "path", message)])
    except ConfigError as error:
        for line in error.lines():
            sys.stderr.write(f"evenhand forecast: {line}\n")
        return 2
    result = forecast(pool, traffic, range(options.seeds))
    sys.stdout.write((json.dumps(result) if options.json else text(result, traffic)) + "\n")
    return 0
