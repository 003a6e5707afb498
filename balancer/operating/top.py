"""`evenhand top`: the table of endpoints, live, as HAProxy's users know it."""

import argparse
import json
import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import FrameType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from balancer.fields import seconds
from balancer.operating import screen
from balancer.operating.client import (
    DONE,
    EPILOG,
    FAILED,
    REFUSED,
    AdminClient,
    Refused,
    Unusable,
    add_options,
    complain,
    connect,
    printable,
)

HELP = """\
Shows what each endpoint of a running balancer gets and how it fares, over the last ten seconds.

  evenhand top                              live; q or Ctrl-C ends it
  evenhand top --once                       one table, for a dumb terminal or a ticket
  evenhand top --json --interval 5s         one JSON object a line, for programs

columns:
  attempts           the share of attempts as a bar; │ is where the configuration means it to end
  × even             the share beside an even one: 1.0 is even, red above 2
  fail, gone         exchanges that failed (5xx, no answer); whose client left before the answer
  mean, p99          seconds from head to end; p99 interpolated within the metrics' buckets
  state              up, warming, drain, weight 0, down (probes), ejected and for how long yet
"""

PIPED_WIDTH = 120
"""Columns, where nobody says how wide the paper is."""


def main(argv: list[str]) -> int:
    """The verb; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="evenhand top",
        description=HELP,
        epilog=EPILOG + "\nexit codes: 0 ended, 1 refused (the token), 2 no balancer there\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser)
    parser.add_argument("--interval", type=duration, default=1.0, help="such as 500ms (1s)")
    parser.add_argument("--once", action="store_true", help="one table, then end")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    asked = parser.parse_args(argv)
    try:
        client = connect(asked.url, asked.token_file)
        if asked.json:
            return print_json(client, asked.interval, once=asked.once)
        return show(client, asked.interval, once=asked.once)
    except (Refused, Unusable) as error:
        complain("top", error)
        return REFUSED if isinstance(error, Refused) else FAILED
    except KeyboardInterrupt:
        return DONE


def duration(text: str) -> float:
    """An interval; at least a tenth of a second."""
    try:
        return max(0.1, seconds(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def print_json(client: AdminClient, interval: float, *, once: bool) -> int:
    """A line for each look. Raises Refused, Unusable."""
    while True:
        sys.stdout.write(json.dumps(client.get("/table").document) + "\n")
        sys.stdout.flush()
        if once:
            return DONE
        time.sleep(interval)


def show(client: AdminClient, interval: float, *, once: bool) -> int:
    """For people. Once only where the screen cannot be drawn anew. Raises Refused, Unusable."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPED_WIDTH
    first = look(client, console)
    if once or not console.is_terminal or console.is_dumb_terminal or not sys.stdin.isatty():
        console.print(first)
        return DONE
    with (
        keys(),
        Live(first, console=console, screen=True, auto_refresh=False) as live,
    ):
        while not quits(interval):
            live.update(look_again(client, console), refresh=True)
    return DONE


def look(client: AdminClient, console: Console) -> RenderableType:
    """The page as it is now. Raises Refused, Unusable."""
    table = client.get("/table").document
    head = Text(f"{client.url}  config {table['hash']}  {datetime.now():%H:%M:%S}", "dim")
    return Group(head, screen.page(table, console.width, plain=screen.is_plain(console)))


def look_again(client: AdminClient, console: Console) -> RenderableType:
    """The page, or why there is none just now: a balancer that restarts comes back."""
    try:
        return look(client, console)
    except (Refused, Unusable) as error:
        return Text(f"{printable(str(error))}\n\nasking again; q quits", "red")


@contextmanager
def keys() -> Iterator[None]:
    """Keys arrive one by one and unseen; SIGTERM ends us as Ctrl-C does; then all is as it was."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    descriptor = sys.stdin.fileno()
    before, handler = termios.tcgetattr(descriptor), signal.signal(signal.SIGTERM, interrupt)
    try:
        tty.setcbreak(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        signal.signal(signal.SIGTERM, handler)


def quits(interval: float) -> bool:
    """Wait for an interval; True at once if q was pressed meanwhile, or nobody is there."""
    until = time.monotonic() + interval
    while (left := until - time.monotonic()) > 0:
        readable, _, _ = select.select([sys.stdin], [], [], left)
        if readable and os.read(sys.stdin.fileno(), 1) in (b"q", b"Q", b""):
            return True
    return False
