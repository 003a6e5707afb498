"""What an idle keep-alive connection costs a proxy in memory."""

import contextlib
import socket
from dataclasses import dataclass

from bench.children import CannotRun, Child
from bench.field import Field
from bench.login import BODY, PATH
from bench.progress import say

SOURCES = 20
"""Loopback addresses that clients come from, so that no address runs out of ports."""
TIMEOUT = 10.0
LOGIN = (
    f"POST {PATH} HTTP/1.1\r\nHost: bench.test\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY


@dataclass(frozen=True)
class Idle:
    """Resident memory of a proxy, in octets, around a number of idle connections."""

    name: str
    connections: int
    before: int
    """After a first login, so that what is loaded once is not charged to the connections."""
    after: int

    @property
    def each(self) -> float:
        """Octets for one connection."""
        return (self.after - self.before) / self.connections


def idle(field: Field, name: str, connections: int) -> Idle:
    """Log in on each of many connections and keep them all. Raises `CannotRun`."""
    with field.running(name) as (port, proxy), contextlib.ExitStack() as kept:
        assert proxy is not None  # noqa: S101 # only `direct` has none, and it is not asked for
        first = _connect(port, 0)
        kept.enter_context(first)
        _log_in(first, name)
        before = proxy.resident()
        for number in range(1, connections + 1):
            client = kept.enter_context(_connect(port, number))
            _log_in(client, name)
            if number % 2500 == 0:
                say(f"{name}: {number} connections, {_mebibytes(proxy)} MiB resident")
        return Idle(name, connections, before, proxy.resident())


def _connect(port: int, number: int) -> socket.socket:
    source = (f"127.0.0.{2 + number % SOURCES}", 0)
    try:
        return socket.create_connection(("127.0.0.1", port), TIMEOUT, source)
    except OSError as error:
        raise CannotRun(f"connection {number} failed: {error}") from error


def _log_in(client: socket.socket, name: str) -> None:
    """One login, its answer read whole."""
    try:
        client.sendall(LOGIN)
        answer = b""
        while not answer.endswith(b"}"):
            piece = client.recv(4096)
            if not piece:
                raise CannotRun(f"{name} closed a connection after {answer[:200]!r}")
            answer += piece
    except OSError as error:
        raise CannotRun(f"{name} did not answer: {error}") from error
    if not answer.startswith(b"HTTP/1.1 201"):
        raise CannotRun(f"{name} answered {answer[:200]!r}")


def _mebibytes(proxy: Child) -> str:
    return f"{proxy.resident() / 2**20:.0f}"
