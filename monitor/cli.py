"""`evenhand monitor`: the command line."""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from monitor import metrics
from monitor.app import create_app
from monitor.clock import SteadyClock
from monitor.compression import check_windows, compress_duration, compress_group
from monitor.durations import parse_duration
from monitor.rulefile import load_rules, show_rules
from monitor.rules import RuleError, RuleGroup
from monitor.scrape import Scraper, Target
from monitor.store import Store
from monitor.watch import Watch

LOOKBACK_MS = 300_000  # Prometheus's --query.lookback-delta

EXAMPLES = """examples:
  evenhand monitor --target balancer/balancer=http://127.0.0.1:8081/metrics \\
                   --target authsvc/auth-1=http://127.0.0.1:8101/metrics --compress 30
  curl -s http://127.0.0.1:8082/api/v1/alerts
  evenhand monitor rules --compress 30 > lab-rules.yml && promtool check rules lab-rules.yml

Rules are written for production. In a lab whose outage lasts seconds, --compress 30 divides
every window and every `for` by 30: [5m] becomes [10s], for: 90s becomes for: 3s.
"""


def main(argv: list[str]) -> int:
    """Run the monitor, or print its rules (`rules`). 0 after a signal, 2 for wrong input."""
    if argv[:1] == ["rules"]:
        return _print_rules(argv[1:])
    options = _parser().parse_args(argv)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="monitor: %(message)s")
    try:
        return asyncio.run(_serve(options))
    except RuleError as error:
        return _refuse(str(error))
    except OSError as error:
        host, port = options.listen
        return _refuse(
            f"cannot listen on {host}:{port}: {error.strerror}; name a free port with --listen"
        )


def _print_rules(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="evenhand monitor rules", description="Print the rules as one Prometheus rule file."
    )
    _add_rule_options(parser)
    options = parser.parse_args(argv)
    try:
        groups = _load(options)
    except RuleError as error:
        return _refuse(str(error))
    sys.stdout.write(show_rules(groups))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evenhand monitor",
        description="Scrape targets, evaluate Prometheus alert rules, say what fires. "
        "`evenhand monitor rules` prints the rules.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--listen",
        type=_address,
        default=("127.0.0.1", 8082),
        metavar="HOST:PORT",
        help="where to answer (default 127.0.0.1:8082)",
    )
    parser.add_argument(
        "--target",
        type=_target,
        action="append",
        required=True,
        dest="targets",
        metavar="JOB/INSTANCE=URL",
        help="a metrics page to scrape; repeat for each",
    )
    _add_rule_options(parser)
    _add_time_options(parser)
    return parser


def _add_time_options(parser: argparse.ArgumentParser) -> None:
    for flag, default, text in (
        ("--interval", "1s", "how often to scrape, and to evaluate groups without an interval"),
        ("--timeout", None, "how long one scrape may take (default: the interval)"),
        ("--retention", "10m", "how long samples are kept"),
    ):
        parser.add_argument(
            flag,
            type=_positive_duration,
            metavar="DURATION",
            help=f"{text}" + (f" (default {default})" if default else ""),
            default=default and parse_duration(default),
        )
    parser.add_argument(
        "--max-samples",
        type=_count,
        default=1_000_000,
        metavar="N",
        help="samples kept at most, about 100 bytes each (default 1000000)",
    )


def _add_rule_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rules",
        type=Path,
        default=Path("ops/alerts"),
        metavar="DIR",
        help="folder of Prometheus rule files, *.yml (default ops/alerts)",
    )
    parser.add_argument(
        "--compress",
        type=_count,
        default=1,
        metavar="N",
        help="divide every window of the rules by N (default 1; the lab uses 30)",
    )


def _load(options: argparse.Namespace) -> list[RuleGroup]:
    groups = load_rules(options.rules)
    try:
        return [compress_group(group, options.compress) for group in groups]
    except ValueError as error:
        raise RuleError(f"--compress {options.compress}: {error}") from None


async def _serve(options: argparse.Namespace) -> int:
    groups = _load(options)
    lookback_ms = compress_duration(LOOKBACK_MS, options.compress)
    check_windows(groups, options.interval, options.retention)
    metrics.COMPRESSION.set(options.compress)
    clock, store = SteadyClock(), Store(options.retention, options.max_samples)
    timeout_s = (options.timeout or options.interval) / 1000
    scrapers = [Scraper(t, store, clock.now_ms, timeout_s) for t in _unique(options.targets)]
    watch = Watch(scrapers, groups, store, lookback_ms)
    runner = web.AppRunner(create_app(watch), access_log=None)
    await runner.setup()
    try:
        host, port = options.listen
        await web.TCPSite(runner, host, port).start()
        loop_task = asyncio.create_task(watch.run(options.interval / 1000, clock.now_ms))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, loop_task.cancel)
        logging.info("%d targets, listening on http://%s:%d", len(scrapers), host, port)
        with contextlib.suppress(asyncio.CancelledError):  # how a signal ends it
            await loop_task
    finally:
        await runner.cleanup()
    return 0


def _unique(targets: list[Target]) -> list[Target]:
    seen: set[tuple[str, str]] = set()
    for target in targets:
        if (target.job, target.instance) in seen:
            raise RuleError(f"--target {target.job}/{target.instance} is given twice: rename one")
        seen.add((target.job, target.instance))
    return targets


def _target(text: str) -> Target:
    name, _, url = text.partition("=")
    job, _, instance = name.partition("/")
    parts = urlsplit(url)
    if not (job and instance and parts.scheme in ("http", "https") and parts.hostname):
        raise argparse.ArgumentTypeError(
            f"'{text}' is not JOB/INSTANCE=URL, such as "
            "authsvc/auth-1=http://127.0.0.1:8101/metrics"
        )
    return Target(job, instance, url)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (host and port.isdecimal() and int(port) < 65536):
        raise argparse.ArgumentTypeError(f"'{text}' is not HOST:PORT, such as 127.0.0.1:8082")
    return host.strip("[]"), int(port)


def _positive_duration(text: str) -> int:
    try:
        duration_ms = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not duration_ms:
        raise argparse.ArgumentTypeError("it must be longer than 0s")
    return duration_ms


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least 1")
    return int(text)


def _refuse(message: str) -> int:
    sys.stderr.write(f"evenhand monitor: {message}\n")
    return 2
