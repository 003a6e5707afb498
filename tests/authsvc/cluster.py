"""A Postgres of a test's own, under the system's folder for temporary files."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

BINARIES = Path("/usr/lib/postgresql")


@dataclass
class Cluster:
    """A Postgres that runs; `url` leads to its maintenance database."""

    url: str
    _command: list[str | Path]
    _folder: Path
    _process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Begin, or begin again; waits until the port is open."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stderr=log, **_unprivileged(self._folder)
            )
        _wait_for_port(self._process, self._folder / "log", urlsplit(self.url).port or 0)

    def stop(self, signum: signal.Signals) -> None:
        """SIGINT ends it quickly and in order, SIGQUIT as a crash does; waits."""
        if self._process is not None:
            self._process.send_signal(signum)
            self._process.wait(20)
            self._process = None

    def signal_all(self, signum: signal.Signals) -> None:
        """Send a signal to the postmaster and each of its connections' processes."""
        assert self._process is not None
        postmaster = self._process.pid
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text()
        for pid in (postmaster, *map(int, children.split())):
            os.kill(pid, signum)


@contextmanager
def cluster(*settings: str) -> Iterator[Cluster]:
    """Make a cluster on a free loopback port, with SCRAM and never as root; gone afterwards.

    `settings` are more of Postgres's own, as `max_connections=10`.
    """
    found = sorted(BINARIES.glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if not found:
        pytest.skip(f"no Postgres under {BINARIES}; set DATABASE_URL to use another")
    folder = Path(tempfile.mkdtemp(prefix="evenhand-test-"))
    password, port = secrets.token_urlsafe(16), free_port()
    try:
        _initialise(found[-1], folder, password)
        command: list[str | Path] = [found[-1] / "postgres", "-D", folder / "data"]
        command += ["-p", str(port), "-k", ""]
        for setting in ("listen_addresses=127.0.0.1", "fsync=off", *settings):
            command += ["-c", setting]
        url = f"postgresql://auth:{password}@127.0.0.1:{port}/postgres"
        running = Cluster(url, command, folder)
        try:
            running.start()
            yield running
        finally:
            running.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder)


def _initialise(binaries: Path, folder: Path, password: str) -> None:
    secret = folder / "password"
    secret.touch(0o600)
    secret.write_text(password)
    if os.getuid() == 0:
        for path in (folder, secret):
            shutil.chown(path, "nobody", "nogroup")
    how = ("-A", "scram-sha-256", "--pwfile", secret, "--locale=C", "-E", "UTF8", "--no-sync")
    subprocess.run(
        [binaries / "initdb", "-U", "auth", *how, "-D", folder / "data"],
        check=True,
        **_unprivileged(folder),
    )


def _unprivileged(folder: Path) -> dict[str, Any]:
    """How to run Postgres, which refuses to be root, in silence."""
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "cwd": folder}
    if os.getuid() != 0:
        return silent
    return {**silent, "user": "nobody", "group": "nogroup", "extra_groups": []}


def _wait_for_port(process: subprocess.Popen[bytes], log: Path, port: int) -> None:
    give_up_at = time.monotonic() + 20
    while True:
        if process.poll() is not None:
            raise RuntimeError(log.read_text())
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.02)
        else:
            return


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
