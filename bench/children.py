"""Child processes of a benchmark: pinned to a core, measured, and gone when the benchmark is.

One core for the proxy, the others for everything else, so that what the load generator burns is
not taken for the proxy's cost. The benchmark's own process lives on the others, and whatever it
starts inherits that unless told otherwise.
"""

import contextlib
import os
import resource
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

CHECKOUT = Path(__file__).parent.parent
READY_SECONDS = 15.0
STOP_SECONDS = 5.0
OPEN_FILES = 65_536


class CannotRun(Exception):
    """The benchmark cannot go on; says why and what would do."""


class Cpu(NamedTuple):
    """CPU seconds of a process and its children, at 10 ms (the kernel's tick in /proc)."""

    user: float
    system: float


class Cores(NamedTuple):
    """The core that the proxy gets, and those for all else."""

    proxy: int
    load: frozenset[int]


def take_cores() -> Cores:
    """One of those that we may use for the proxy; we move to the others. Raises `CannotRun`."""
    if not hasattr(os, "sched_setaffinity"):
        raise CannotRun("pinning to cores needs Linux; run it in a Linux machine or container")
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise CannotRun("this needs two cores: one for the proxy and one for the load")
    cores = Cores(allowed[0], frozenset(allowed[1:]))
    os.sched_setaffinity(0, cores.load)
    return cores


def raise_open_files(wanted: int = OPEN_FILES) -> int:
    """Raise the limit of open files as far as we may, for us and our children; the limit got."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, PermissionError):  # only root may pass the hard limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
        return wanted
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def unused_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, on loopback."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class Child:
    """One process and its children. Its output goes to a file, and is shown if it fails."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", output: Path) -> None:
        self.name = name
        self._process = process
        self._output = output

    def _family(self) -> list[psutil.Process]:
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]

    def cpu(self) -> Cpu:
        """What it has used since it began."""
        times = [one.cpu_times() for one in self._family()]
        return Cpu(sum(one.user for one in times), sum(one.system for one in times))

    def resident(self) -> int:
        """Octets of resident memory, processes added up."""
        return sum(one.memory_info().rss for one in self._family())

    def on_disk(self) -> int:
        """Octets in the files that it holds open, those it has deleted included."""
        return sum(
            found.st_blocks * 512
            for one in self._family()
            for descriptor in Path(f"/proc/{one.pid}/fd").iterdir()
            if stat.S_ISREG((found := descriptor.stat()).st_mode)
        )

    def told(self) -> str:
        """What it has written, both streams."""
        return self._output.read_text(errors="replace").strip()

    def wait_until_answers(self, port: int, path: str = "/") -> None:
        """Wait for the first answer below 500. Raises `CannotRun` with the child's own words."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            if _status(port, path) in range(200, 500):
                return
            time.sleep(0.05)
        raise CannotRun(f"{self.name} does not answer on port {port}; it said:\n{self.told()}")

    def stop(self) -> None:
        """End it and whatever it started: by SIGTERM, and by SIGKILL what stays."""
        if self._process.poll() is not None:
            return
        family = self._family()
        self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self._process.wait(STOP_SECONDS)


@contextlib.contextmanager
def child(
    name: str, argv: Sequence[str], output: Path, core: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Child]:  # fmt: skip
    """Run a program while the block lasts, on a core of its own if one is given."""
    ours = os.sched_getaffinity(0)
    with output.open("wb") as sink:
        try:
            if core is not None:
                os.sched_setaffinity(0, {core})  # inherited by the child, threads and all
            process = subprocess.Popen(
                argv, cwd=CHECKOUT, env=os.environ | dict(environment or {}),
                stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT,
            )  # fmt: skip
        finally:
            os.sched_setaffinity(0, ours)
    running = Child(name, process, output)
    try:
        yield running
    finally:
        running.stop()


def _status(port: int, path: str) -> int:
    """The status of one GET, or 0."""
    request = f"GET {path} HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
            connection.sendall(request.encode())
            line = connection.recv(64).split(b" ")
    except OSError:
        return 0
    return int(line[1]) if len(line) > 1 and line[1].isdigit() else 0


def interruptible() -> None:
    """Let SIGTERM end us as Ctrl-C does, so that what we started is stopped."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
