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
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from balancer.fields import seconds
from balancer.operating import crowd, screen
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

  evenhand top                              live; q or Ctrl-C ends it; j, k, PgDn, PgUp scroll
  evenhand top --once                       one table, for a dumb terminal or a ticket
  evenhand top --json --interval 5s         one JSON object a line, for programs

columns:
  attempts           the share of attempts as a bar; │ is where the configuration means it to end
  × even             the share beside an even one: 1.0 is even, red above 2
  fail, gone         exchanges that failed (5xx, no answer); whose client left before the answer
  mean, p99          seconds from head to end; p99 interpolated within the metrics' buckets
  state              up, warming, drain, weight 0, down (probes), ejected and for how long yet

Of more endpoints than the screen has lines the worst are shown: who is not ready, then by what is
in flight, then by how far the share is off.
"""

STEPS = {
    b"j": 1, b"\x1b[B": 1, b"\x1bOB": 1, b"\x1b[6~": 10,
    b"k": -1, b"\x1b[A": -1, b"\x1bOA": -1, b"\x1b[5~": -10,
}  # fmt: skip
"""Endpoints that a key scrolls by: letters, arrows, PgDn and PgUp."""

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
    view = View(client, console)
    view.look()
    if once or not console.is_terminal or console.is_dumb_terminal or not sys.stdin.isatty():
        console.print(view.drawn(whole=True))
        return DONE
    with keys(), Live(view.drawn(), console=console, screen=True, auto_refresh=False) as live:
        due = time.monotonic() + interval
        while (pressed := key(due - time.monotonic())) not in (b"q", b"Q"):
            view.scroll(STEPS.get(pressed, 0))
            if time.monotonic() >= due:
                view.look_again()
                due = time.monotonic() + interval
            live.update(view.drawn(), refresh=True)
    return DONE


class View:
    """What is on the screen: the table as it was last told, and how far it is scrolled."""

    def __init__(self, client: AdminClient, console: Console) -> None:
        self._client = client
        self._console = console
        self._skip = 0
        self._table: dict[str, Any] = {}
        self._head: RenderableType = ""
        self._failure = ""

    def look(self) -> None:
        """Ask for the table. Raises Refused, Unusable."""
        self._table = self._client.get("/table").document
        said = f"{self._client.url}  config {self._table['hash']}  {datetime.now():%H:%M:%S}"
        self._head, self._failure = Text(said, "dim"), ""

    def look_again(self) -> None:
        """The same, or keep why there is none just now: a balancer that restarts comes back."""
        try:
            self.look()
        except (Refused, Unusable) as error:
            self._failure = f"{printable(str(error))}\n\nasking again; q quits"

    def scroll(self, endpoints: int) -> None:
        """Down by so many endpoints, or up; not beyond the last or the first."""
        most = crowd.furthest(self._table, self._console.width, self._height)
        self._skip = max(0, min(self._skip + endpoints, most))

    def drawn(self, *, whole: bool = False) -> RenderableType:
        """The page; all of it, or as much as the screen has room for."""
        if self._failure:
            return Text(self._failure, "red")
        plain, height = screen.is_plain(self._console), None if whole else self._height
        width = self._console.width
        body = screen.page(self._table, width, plain=plain, height=height, skip=self._skip)
        return Group(self._head, body)

    @property
    def _height(self) -> int:
        """Lines below the head."""
        return self._console.height - 1


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


def key(within: float) -> bytes:
    """The key that is pressed meanwhile, as its whole sequence; b"" for none, b"q" for nobody."""
    if not _readable(within):
        return b""
    pressed = os.read(sys.stdin.fileno(), 1) or b"q"
    while pressed[:1] == b"\x1b" and len(pressed) < 4 and pressed not in STEPS and _readable(0.02):
        pressed += os.read(sys.stdin.fileno(), 1)
    return pressed


def _readable(within: float) -> bool:
    return bool(select.select([sys.stdin], [], [], max(0.0, within))[0])
