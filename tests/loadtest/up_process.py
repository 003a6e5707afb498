"""`evenhand up` as a child process, as a person or a program runs it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import psutil

from loadtest.blueprint import CHECKOUT
from loadtest.ports import Ports, why_not_free
from tests.loadtest.waiting import is_gone, until, unused_base

READY_SECONDS = 60.0
STOP_SECONDS = 30.0


def without_database_url() -> dict[str, str]:
    """Our environment; the tests start their own Postgres whatever is set."""
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}


def run_up(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run it to its end: for cases in which it does not stay."""
    return subprocess.run(
        [sys.executable, "-m", "evenhand", "up", *arguments],
        cwd=CHECKOUT,
        env=without_database_url() | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Up:
    """One `evenhand up`; leaving the block kills it if it is still there."""

    def __init__(self, *arguments: str) -> None:
        self.base = unused_base()
        # Appended to, since we share the position in the file with the child that writes it.
        self._out = TemporaryFile("a+")  # noqa: SIM115 - closed when the block is left
        self._err = TemporaryFile("a+")  # noqa: SIM115 - likewise
        self.process = subprocess.Popen(
            [sys.executable, "-m", "evenhand", "up", "--port-base", str(self.base), *arguments],
            cwd=CHECKOUT,
            env=without_database_url(),
            stdout=self._out,
            stderr=self._err,
        )

    def __enter__(self) -> "Up":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._out.close()
        self._err.close()

    @property
    def out(self) -> str:
        """What it has printed so far."""
        self._out.seek(0)
        return self._out.read()

    @property
    def err(self) -> str:
        """What it has said on standard error so far."""
        self._err.seek(0)
        return self._err.read()

    def wait_until_ready(self) -> None:
        """The page or the JSON object is printed last, at once."""
        until(self._has_printed_or_ended, "up is ready", READY_SECONDS)
        assert self.process.poll() is None, self.err

    def ready(self) -> dict[str, Any]:
        """What `--json` printed."""
        self.wait_until_ready()
        printed: dict[str, Any] = json.loads(self.out)
        return printed

    def end(self) -> int:
        """Wait for it to end; gives its exit code."""
        return self.process.wait(STOP_SECONDS)

    def children(self) -> list[psutil.Process]:
        """Every process below it."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def _has_printed_or_ended(self) -> bool:
        return self.out.endswith("\n") or self.process.poll() is not None


def assert_nothing_left(up: Up, processes: list[psutil.Process], run_dir: Path | None) -> None:
    """No process of it, no listener on its ports, no folder."""
    until(lambda: all(is_gone(process.pid) for process in processes), "no process is left")
    wanted = Ports(up.base).by_part(5, own_postgres=True)
    taken = {name: port for name, port in wanted.items() if why_not_free(port)}
    assert taken == {}
    assert run_dir is None or not run_dir.exists()
