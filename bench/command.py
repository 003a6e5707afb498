"""What the commands that compare proxies share: options, exit codes, and where results go."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from bench import peers
from bench.children import CannotRun, interruptible
from bench.page import check, put
from bench.progress import say

Result = dict[str, Any]
Found = TypeVar("Found")


def parser(name: str, description: str, names: Sequence[str]) -> argparse.ArgumentParser:
    """The options that they all have."""
    line = argparse.ArgumentParser(
        prog=f"python -m bench.{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    line.add_argument(
        "--only", action="append", choices=names, metavar="NAME",
        help=f"leave out all others; may be given several times: {', '.join(names)}",
    )  # fmt: skip
    line.add_argument(
        "--peers", type=Path, default=peers.DEFAULT_VENV, metavar="DIR",
        help="the venv with the other programs (default .venv-bench)",
    )  # fmt: skip
    line.add_argument("--page", type=Path, metavar="FILE", help="write the block into a page too")
    line.add_argument("--json", action="store_true", help="print JSON instead of the block")
    return line


def whole(text: str) -> int:
    """An argparse type: 1, 2, 3, …"""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 on")
    return int(text)


def chosen(names: Sequence[str], only: Sequence[str] | None) -> list[str]:
    """The rows that were asked for; `evenhand` stands for its rows under other Pythons too."""
    return [one for one in names if not only or one in only or one.partition(" (")[0] in only]


def carry_out(
    name: str,
    options: argparse.Namespace,
    run: Callable[[argparse.Namespace], Result],
    block: Callable[[Result], str],
) -> int:
    """Run a benchmark and show what it found; exit code 0, 2 could not run, 130 interrupted."""
    interruptible()
    try:
        if options.page is not None:
            check(options.page, name)  # now, and not after ten minutes
        result = {"at": datetime.now(UTC).isoformat(timespec="minutes")} | run(options)
        if options.page is not None:
            put(options.page, name, block(result))
    except CannotRun as reason:
        sys.stderr.write(f"bench.{name}: {reason}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write(f"bench.{name}: interrupted; everything that was started is stopped\n")
        return 130
    sys.stdout.write(json.dumps(result, indent=1) + "\n" if options.json else block(result))
    return 0


def or_left_out(name: str, take: Callable[[], Found]) -> Found | None:
    """What is measured, or None where a contender is missing or fails, which is told."""
    try:
        return take()
    except CannotRun as reason:
        say(f"left out: {name}: " + "\n  ".join(str(reason).splitlines()[:4]))
        return None
