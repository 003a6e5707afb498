"""Child processes: started in groups of their own, stopped by their ids, none left behind."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from loadtest.deathsignal import dies_with_parent

ROOT = Path(__file__).parent.parent.parent
GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""


class NotReady(Exception):
    """Something did not come about in time; the message says what, and shows the log's end."""


class Child:
    """One process of ours with its log; leader of a process group, so that forks go with it."""

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        with log.open("ab") as stderr:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGTERM),
            )

    def send(self, what: signal.Signals) -> None:
        """Send a signal to the process, not to its forks."""
        self.process.send_signal(what)

    def stop(self) -> None:
        """Ask it to end, then make it, and whatever it forked. Idempotent."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(GRACE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def kill(self) -> None:
        """SIGKILL, and wait until its port is given back."""
        self.process.kill()
        self.process.wait()

    def tail(self) -> str:
        """The end of its log, for messages."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])


def wait_until(holds: Callable[[], bool], within: float, what: Callable[[], str]) -> None:
    """Wait for a condition; raises `NotReady` with `what()` after `within` seconds."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            raise NotReady(what())
        time.sleep(0.02)
