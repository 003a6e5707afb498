"""The edges of the data path, faked: transports that keep what was written, a loop that connects.

A protocol is bytes in by a method call and bytes out through an object that it is given, so a test
reads as a dialogue: they send, we send. Nothing between the edges is replaced.
"""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any, cast

from balancer.core.endpoint import Load
from balancer.net import sweep
from balancer.net.client import ClientConnection
from balancer.net.endpoint import EndpointConnection
from balancer.net.proxy import Proxy
from tests.balancer.configs import table


class FakeTransport(asyncio.Transport):
    """Keeps what was written; knows whether reading is paused and how it was closed."""

    def __init__(self, peer: tuple[str, int] | None = ("192.0.2.7", 40000)) -> None:
        super().__init__({"peername": peer})
        self.written = b""
        self.reading = True
        self.ended = ""
        self.cut = False
        """Whether it was aborted, be it after a close that waited for its reader."""
        self.buffered = 0

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = self.ended or "half-closed"

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.high = high

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def is_closing(self) -> bool:
        return self.ended in ("closed", "aborted")

    def close(self) -> None:
        if not self.is_closing():
            self.ended = "closed"

    def abort(self) -> None:
        self.cut = True
        if not self.is_closing():
            self.ended = "aborted"

    def take(self) -> bytes:
        """What was written since this was last asked."""
        taken, self.written = self.written, b""
        return taken


class FakeLoop:
    """A clock that tests move, and connects that succeed, fail or hang as a test says."""

    def __init__(self) -> None:
        self.clock = 1000.0
        self.connect_error: OSError | UnicodeError | None = None
        self.connects_hang = False
        self.refuses: set[int] = set()
        """Ports at which nobody listens."""
        self.opened: list[tuple[FakeTransport, EndpointConnection, str]] = []
        real = asyncio.get_running_loop()
        self.create_task = real.create_task
        self.call_soon = real.call_soon
        self.run_in_executor = real.run_in_executor

    def time(self) -> float:
        return self.clock

    async def create_connection(
        self, factory: Callable[[], EndpointConnection], host: str, port: int
    ) -> tuple[FakeTransport, EndpointConnection]:
        if self.connects_hang:
            await asyncio.Event().wait()
        if self.connect_error is not None:
            raise self.connect_error
        if port in self.refuses:
            raise ConnectionRefusedError(111, "Connection refused")
        transport, connection = FakeTransport((host, port)), factory()
        connection.connection_made(transport)
        self.opened.append((transport, connection, f"{host}:{port}"))
        return transport, connection


class Wire:
    """A proxy with fake edges."""

    def __init__(self, text: str) -> None:
        self.loop = FakeLoop()
        self.proxy = Proxy(
            table(text, clock=self.loop.time),
            cast(asyncio.AbstractEventLoop, self.loop),
            Random(1),
            log=None,
        )

    def client(self) -> tuple[ClientConnection, FakeTransport]:
        """A client that has just connected."""
        connection, transport = ClientConnection(self.proxy), FakeTransport()
        connection.connection_made(transport)
        return connection, transport

    async def asks(self, octets: bytes) -> tuple[ClientConnection, FakeTransport]:
        """A client that connects and sends this at once, taken as far as it gets by itself."""
        connection, transport = self.client()
        connection.data_received(octets)
        await self.settle()
        return connection, transport

    async def settle(self) -> None:
        """Let the connects and callbacks that are under way come to their end."""
        for _ in range(5):
            await asyncio.sleep(0)

    def sweep(self) -> None:
        """Look at every deadline now."""
        sweep.end_exchanges(self.proxy, self.loop.clock)
        sweep.end_waiting(self.proxy, self.loop.clock)
        sweep.tend(self.proxy, self.loop.clock)

    def reload(self, text: str) -> None:
        """Apply another configuration."""
        self.proxy.apply(table(text, self.proxy.table, self.loop.time))

    @property
    def load(self) -> Load:
        """The counters of the first endpoint."""
        return next(endpoint for _, endpoint in self.proxy.table.endpoints()).load

    @property
    def counted(self) -> dict[tuple[str, str], int]:
        """The exchanges that ended there by outcome and code, without the zeros."""
        return {key: count for key, count in self.load.finished.items() if count}

    @property
    def endpoint(self) -> tuple[EndpointConnection, FakeTransport]:
        """The connection to an endpoint that was opened last."""
        transport, connection, _ = self.loop.opened[-1]
        return connection, transport
