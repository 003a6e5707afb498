"""`evenhand up`: the whole stack on loopback, until Ctrl-C or until a part dies."""

import argparse
import asyncio
import json
import os
import signal
import sys
import time

from loadtest import upscreen
from loadtest.blueprint import UNBOUNDED
from loadtest.stack import CANNOT_START, PartFailed, Stack, StackOptions

STOPPED, PART_FAILED, COULD_NOT_START = 0, 1, 2

HELP = """\
Starts Postgres, five auth instances, the balancer and the monitor on 127.0.0.1, says where
everything listens and what to try, and stays until Ctrl-C. Then, or when any part dies, it stops
everything and removes its run directory. Capacity is emulated: ten logins a second an instance.

  evenhand up                          safe: a bounded hash queue, abandoned work is dropped
  evenhand up --unsafe                 as in the outage: no bound, and nothing is ever given up
  evenhand up --port-base 9080         a second stack beside the first
  evenhand up --json > addresses.json  for programs; progress still goes to standard error
"""

EPILOG = """\
ports, from the base B: balancer B, its admin listener B+1, monitor B+2, Postgres B+3,
  instance i takes logins on B+10+i and shows health and metrics on B+20+i.

environment:
  DATABASE_URL     use this Postgres (postgresql://USER:PASSWORD@HOST:PORT/DATABASE) and start none;
                   it gets the tables of authsvc, and lab users with one password
  EVENHAND_PG      `system` or `wheel`: look for Postgres only there
  EVENHAND_PG_BIN  the folder that holds `initdb` and `postgres`

exit codes: 0 stopped by Ctrl-C, SIGTERM or SIGHUP; 1 a part died or was not ready in time;
  2 could not start (a port in use, a database that does not answer, a wrong option).
"""


def main(argv: list[str]) -> int:
    """Run the stack until it is told to stop; gives the exit code."""
    asked = _parser().parse_args(argv)
    try:
        options = StackOptions(
            port_base=asked.port_base,
            hash_queue=asked.hash_queue or (UNBOUNDED if asked.unsafe else 9),
            abandoned=asked.abandoned or ("finish" if asked.unsafe else "drop"),
            keep=asked.keep,
            guards=not asked.no_guards,
            fsync=not asked.no_fsync,
        )
    except ValueError as problem:
        return _fail(COULD_NOT_START, str(problem))
    return asyncio.run(_Run(options, asked.json).until_stopped())


class _Run:
    """One stack, and the wishes to end it that come as signals."""

    def __init__(self, options: StackOptions, as_json: bool) -> None:
        self._began = time.monotonic()
        self._as_json = as_json
        self._stack = Stack(options, self._progress)
        self._asked = asyncio.Event()

    async def until_stopped(self) -> int:
        """Start, show, wait for a signal or a death, stop; gives the exit code."""
        loop = asyncio.get_running_loop()
        for wish in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(wish, self._told)
        try:
            return await self._run()
        except PartFailed as problem:
            return _fail(PART_FAILED, f"{problem}\nwhat had been started has been stopped")
        except CANNOT_START as problem:
            return _fail(COULD_NOT_START, str(problem))

    async def _run(self) -> int:
        asked = asyncio.ensure_future(self._asked.wait())
        starting = asyncio.ensure_future(self._stack.start())
        await asyncio.wait({asked, starting}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()  # it stops what it has started, and then ends
            await asyncio.wait({starting})
            return STOPPED
        await starting
        try:
            self._show()
            dying = asyncio.ensure_future(self._stack.died())
            await asyncio.wait({asked, dying}, return_when=asyncio.FIRST_COMPLETED)
            code = _fail(PART_FAILED, dying.result()) if dying.done() else STOPPED
            dying.cancel()
        finally:
            self._progress("stopping everything (Ctrl-C again kills at once)")
            await self._stack.stop()
        self._progress("stopped; nothing is left")
        return code

    def _told(self) -> None:
        """The first signal asks for an orderly end; a second one ends everything at once."""
        if self._asked.is_set():
            self._stack.kill()
        self._asked.set()

    def _show(self) -> None:
        seconds = time.monotonic() - self._began
        if self._as_json:
            page = json.dumps(upscreen.for_programs(self._stack), indent=2)
        else:
            page = upscreen.for_people(self._stack, seconds, os.getpid())
        sys.stdout.write(page + "\n")
        sys.stdout.flush()

    def _progress(self, line: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - self._began:5.1f} s] {line}\n")
        sys.stderr.flush()


def _fail(code: int, message: str) -> int:
    for line in message.splitlines():
        sys.stderr.write(f"evenhand up: {line}\n")
    return code


def _parser() -> argparse.ArgumentParser:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="evenhand up", description=HELP, epilog=EPILOG, formatter_class=layout
    )
    add = parser.add_argument
    add("--port-base", type=int, default=8080, metavar="N", help="the first port (default 8080)")
    risk = parser.add_mutually_exclusive_group()
    risk.add_argument("--safe", action="store_true", help="the defaults: --hash-queue 9, drop")
    risk.add_argument(
        "--unsafe", action="store_true", help="--hash-queue unbounded --abandoned finish"
    )
    add("--hash-queue", type=_queue, metavar="N|unbounded", help="logins that may wait (default 9)")
    add(
        "--no-guards",
        action="store_true",
        help="no ejection, retries, panic or slow start, as in the postmortem",
    )
    add("--abandoned", choices=["drop", "finish"], help="work whose client has gone")
    add("--no-fsync", action="store_true", help="lab: a power cut may cost committed data")
    add("--json", action="store_true", help="print one JSON object when everything is ready")
    add("--keep", action="store_true", help="leave the run directory (logs, secrets) behind")
    return parser


def _queue(text: str) -> int | str:
    if text == UNBOUNDED:
        return text
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}': give 1 or more, or 'unbounded'")
    return int(text)
