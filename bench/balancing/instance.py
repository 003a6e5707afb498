"""The endpoints: emulated capacity, so that figures are of balancing and not of this machine.

Each has a few slots and a queue, as an instance of authsvc has. How long a request takes stands in
the request (`X-Work`, in service times): every proxy is given the same work to share out.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from httptools import HttpParserError, HttpRequestParser

from bench.balancing.conditions import Temper

SLOTS = 2
SERVICE = 0.025
"""Seconds in a slot, for work 1."""
ANSWERS = {
    200: b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n",
    201: b"HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nin\n",
    500: b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nno\n",
}
Later = Callable[[float, Callable[[], None]], object]
"""Call something in so many seconds."""


class Asker(Protocol):
    """Where an answer goes."""

    @property
    def gone(self) -> bool: ...

    def answer(self, status: int) -> None: ...


class Instance:
    """Slots and a queue; drops what nobody waits for when its turn comes."""

    def __init__(self, temper: Temper, later: Later) -> None:
        self.taken = 0
        """Logins that arrived here."""
        self._temper = temper
        self._later = later
        self._free = SLOTS
        self._served = 0
        self._waiting: deque[tuple[Asker, float]] = deque()

    def take(self, asker: Asker, work: float) -> None:
        """A login has arrived; it will be answered."""
        self.taken += 1
        if self._temper.fails:
            asker.answer(500)
            return
        self._waiting.append((asker, work))
        self._begin()

    def _begin(self) -> None:
        while self._free and self._waiting:
            asker, work = self._waiting.popleft()
            if asker.gone:
                continue
            self._free -= 1
            seconds = SERVICE * work * self._temper.slowness(self._served)
            self._served += 1
            self._later(seconds, lambda asker=asker: self._end(asker))  # type: ignore[misc] # bound now

    def _end(self, asker: Asker) -> None:
        self._free += 1
        asker.answer(201)
        self._begin()


class Connection(asyncio.Protocol):
    """One connection from a proxy. A probe is answered at once, whatever waits."""

    def __init__(self, instance: Instance) -> None:
        self.transport: asyncio.Transport
        self._instance = instance
        self._parser = HttpRequestParser(self)
        self._probe = False
        self._work = 1.0

    @property
    def gone(self) -> bool:
        """Whether nobody is there any more to be answered."""
        return self.transport.is_closing()

    def answer(self, status: int) -> None:
        """Send an answer, if somebody is there."""
        if not self.gone:
            self.transport.write(ANSWERS[status])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError:  # no proxy should send such a thing: it counts it as a failure
            self.transport.abort()

    def on_url(self, url: bytes) -> None:
        self._probe = url == b"/readyz"

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"x-work":
            self._work = float(value)

    def on_message_complete(self) -> None:
        if self._probe:
            self.answer(200)
        else:
            self._instance.take(self, self._work)


class Endpoints:
    """A pool's instances on loopback ports of their own."""

    def __init__(self, tempers: Sequence[Temper]) -> None:
        loop = asyncio.get_running_loop()
        self.instances = [Instance(temper, loop.call_later) for temper in tempers]
        self._tempers = tempers
        self._sockets = [socket.socket() for _ in tempers]
        for one in self._sockets:
            one.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        self.ports: list[int] = [one.getsockname()[1] for one in self._sockets]
        self._servers: list[asyncio.Server] = []

    async def open(self, *, away: bool = False) -> None:
        """Listen at those that are there from the start; with `away`, at those that come back."""
        loop = asyncio.get_running_loop()
        for instance, temper, one in zip(self.instances, self._tempers, self._sockets, strict=True):
            if temper.away == away:
                server = await loop.create_server(
                    lambda instance=instance: Connection(instance),  # type: ignore[misc] # bound now
                    sock=one, backlog=1024,
                )  # fmt: skip
                self._servers.append(server)

    def close(self) -> None:
        """Listen no longer."""
        for server in self._servers:
            server.close()
        for one in self._sockets:
            one.close()
