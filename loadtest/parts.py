"""A part of the stack as data, and the one child process that it becomes."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from loadtest.account import Account
from loadtest.deathsignal import dies_with_parent

Ready = Callable[[], Awaitable[bool]]

TAIL_LINES = 15
TAIL_BYTES = 16_384


@dataclass(frozen=True)
class Part:
    """What to start, when, and how to tell that it is ready.

    A part without `ready` is a job: it has done its work when it exits with 0. `env` is the whole
    environment of the process, so that a secret reaches only the part that needs it.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    ready: Ready | None = None
    after: tuple[str, ...] = ()
    """Names of the parts that must be ready before this one starts."""
    then: Callable[[], Awaitable[None]] | None = None
    """What is still to do once it is ready, before those that wait for it start."""
    account: Account | None = None
    """None runs it as the user that we are."""
    stop_signal: signal.Signals = signal.SIGTERM
    """Asks it to finish, which it may take `grace` seconds for."""
    output: Path | None = None
    """Where its standard output goes when it holds a secret; otherwise to its log."""
    grace: float = 8.0
    kill_signal: signal.Signals = signal.SIGKILL
    """Ends it at once, and its own children; the kernel sends it when the runner dies (Linux)."""


@dataclass(frozen=True)
class Death:
    """A part that ended unasked."""

    name: str
    pid: int
    exit: int
    log: Path

    def __str__(self) -> str:
        """Which part, how it ended, and the last lines that it wrote."""
        return f"{self.name} (pid {self.pid}) {how_it_ended(self.exit)}{tail(self.log)}"


def how_it_ended(code: int) -> str:
    """A return code as `subprocess` gives it, in words: negative is a signal."""
    if code >= 0:
        return f"exited with status {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:  # real-time signals have no name
        name = "a signal"
    return f"was ended by {name} (signal {-code})"


def tail(log: Path) -> str:
    """The end of a log, indented, under a line that says where the whole of it is."""
    with log.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
    if not lines:
        return f"; it wrote nothing to {log}"
    return "\n".join([f"; the end of {log}:", *(f"    {line}" for line in lines)])


def _private(path: Path) -> BinaryIO:
    """Open `path` for appending; if that makes it, it is ours alone to read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


class Process:
    """One running part."""

    def __init__(self, part: Part, child: asyncio.subprocess.Process, log: Path) -> None:
        self.part = part
        self.log = log
        self._child = child

    @classmethod
    async def start(cls, part: Part, log: Path, directory: Path) -> "Process":
        """Start it in `directory`, writing to `log`, in a session of its own.

        The session keeps the terminal's Ctrl-C away: it reaches the runner alone, which stops the
        parts in their order. Raises OSError when the program cannot be started.
        """
        account = part.account
        with _private(log) as errors, _private(part.output or log) as output:
            child = await asyncio.create_subprocess_exec(
                *part.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                cwd=directory,
                env=dict(part.env),
                start_new_session=True,
                user=None if account is None else account.uid,
                group=None if account is None else account.gid,
                extra_groups=None if account is None else [],
                preexec_fn=dies_with_parent(part.kill_signal),
            )
        return cls(part, child, log)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def gone(self) -> bool:
        """Whether it has ended."""
        return self._child.returncode is not None

    async def ended(self) -> Death:
        """Wait until it ends; says how."""
        return Death(self.part.name, self.pid, await self._child.wait(), self.log)

    async def stop(self) -> None:
        """Ask it to finish, then insist, then end it whatever it says; returns when it has gone."""
        for wish in (self.part.stop_signal, self.part.kill_signal):
            self.send(wish)
            ending = asyncio.ensure_future(self._child.wait())
            done, _ = await asyncio.wait({ending}, timeout=self.part.grace)
            if done:
                return
            ending.cancel()
        self.send(signal.SIGKILL)
        await self._child.wait()

    def kill(self) -> None:
        """End it at once."""
        self.send(self.part.kill_signal)

    def send(self, wish: signal.Signals) -> None:
        """Send it a signal, if it is still there (asyncio knows, so no stranger is hit)."""
        if not self.gone:
            self._child.send_signal(wish)
