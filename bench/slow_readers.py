"""What clients that read slowly cost a proxy in memory, while it has a large answer for each."""

import contextlib
import socket
import time
from dataclasses import dataclass

from bench.children import CannotRun, Child
from bench.field import Field
from bench.progress import say

PIECE = 2048
"""Octets that each client reads at a time."""
PAUSE = 0.5
"""Seconds between two pieces: 4 KiB a second, a phone at the edge of its cell."""
WINDOW = 8192
"""The clients' receive buffer, small so that the kernel does not take the answer for them."""
TIMEOUT = 20.0
BEGUN = b"HTTP/1.1 200"


@dataclass(frozen=True)
class Slow:
    """Resident memory of a proxy, in octets, while many clients read one answer each."""

    name: str
    readers: int
    answer: int
    """Octets in the answer that each client reads."""
    before: int
    peak: int
    files: int
    """Octets in the proxy's temporary files at the end: what it keeps on disk instead."""

    @property
    def each(self) -> float:
        """Octets of memory for one reader at the peak."""
        return (self.peak - self.before) / self.readers


@dataclass(frozen=True)
class Readers:
    """How many clients read, and for how many seconds we look."""

    number: int
    seconds: float


def slow_readers(field: Field, name: str, answer: int, readers: Readers) -> Slow:
    """Let clients read an answer slowly and watch the proxy. Raises `CannotRun`."""
    buffering = not name.endswith("buffering off")
    with (
        field.running(name, buffering=buffering) as (port, proxy),
        contextlib.ExitStack() as kept,
    ):
        assert proxy is not None  # noqa: S101 # only `direct` has none, and it is not asked for
        before = proxy.resident()
        clients = []
        for _ in range(readers.number):
            clients.append(kept.enter_context(_connect(port)))
            _ask(clients[-1], answer, name)
        taken, peak = _read_slowly(clients, proxy, readers.seconds, name)
        _check(taken, answer, name)
        say(f"{name}: {len(taken)} readers took {sum(taken) / len(taken) / 1024:.0f} KiB each")
        return Slow(name, readers.number, answer, before, max(before, peak), proxy.on_disk())


def _read_slowly(
    clients: list[socket.socket], proxy: Child, seconds: float, name: str
) -> tuple[list[int], int]:
    """What each client took meanwhile, and the proxy's peak."""
    taken = [0] * len(clients)
    peak = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        for i, client in enumerate(clients):
            taken[i] += _read(client, name)
        peak = max(peak, proxy.resident())
        time.sleep(max(0.0, PAUSE - (time.monotonic() - began)))
    return taken, max(peak, proxy.resident())


def _connect(port: int) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
    client.settimeout(TIMEOUT)
    try:
        client.connect(("127.0.0.1", port))
    except OSError as error:
        client.close()
        raise CannotRun(f"a reader could not connect: {error}") from error
    return client


def _ask(client: socket.socket, answer: int, name: str) -> None:
    """Ask for the answer and see it begin, one client after the other: not all at one moment."""
    try:
        client.sendall(b"GET /stream?%d HTTP/1.1\r\nHost: bench.test\r\n\r\n" % answer)
        begun = client.recv(len(BEGUN), socket.MSG_WAITALL)
    except OSError as error:
        raise CannotRun(f"{name} did not answer a reader: {error}") from error
    if begun != BEGUN:
        raise CannotRun(f"{name} answered {begun!r} instead of {BEGUN!r}")
    client.setblocking(False)


def _read(client: socket.socket, name: str) -> int:
    """Take a piece if there is one."""
    try:
        piece = client.recv(PIECE)
    except BlockingIOError:
        return 0
    except OSError as error:
        raise CannotRun(f"{name} cut a slow reader: {error}") from error
    if not piece:
        raise CannotRun(f"{name} closed on a slow reader")
    return len(piece)


def _check(taken: list[int], answer: int, name: str) -> None:
    """The figures mean something only if every client really read, and none read it all."""
    if min(taken) < PIECE or max(taken) >= answer:
        raise CannotRun(
            f"{name}: readers took {min(taken)} to {max(taken)} octets of {answer}; "
            "every one should be in the middle of its answer"
        )
