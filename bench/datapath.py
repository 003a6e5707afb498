"""The real data path between transports that throw away what is written: no kernel, no network."""

import asyncio
import textwrap
from collections.abc import Callable
from random import Random
from typing import Any, cast

from balancer import config as configuration
from balancer.net.client import ClientConnection
from balancer.net.endpoint import EndpointConnection
from balancer.net.proxy import Proxy
from balancer.net.stream import Stream
from balancer.table import build
from bench.login import BODY, PATH
from bench.stub import ANSWER

CONFIGURATION = """\
listen: 127.0.0.1:8080
routes: [{prefix: /, pool: auth}]
pools:
  - name: auth
    endpoints:
      - {name: auth-1, address: "127.0.0.1:9001"}
      - {name: auth-2, address: "127.0.0.1:9002"}
      - {name: auth-3, address: "127.0.0.1:9003"}
      - {name: auth-4, address: "127.0.0.1:9004"}
"""
REQUEST = (
    f"POST {PATH} HTTP/1.1\r\nHost: login.example.test\r\nUser-Agent: Mozilla/5.0\r\n"
    "Accept: application/json\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY
CREATED = b"HTTP/1.1 201"
PER_CONNECTION = 1000


class Sink(asyncio.Transport):
    """Throws away what is written, and counts it."""

    def __init__(self, edge: "Edge", peer: tuple[str, int]) -> None:
        super().__init__({"peername": peer})
        self._edge = edge
        self.connection: Stream | None = None
        self.ended = False

    def write(self, data: Any) -> None:
        if data.startswith(CREATED):
            self._edge.answers += 1
        self._edge.written_to = self.connection

    def writelines(self, list_of_data: Any) -> None:
        for data in list_of_data:
            self.write(data)

    def is_closing(self) -> bool:
        return self.ended

    def close(self) -> None:
        self.ended = True

    def abort(self) -> None:
        self.ended = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever left to be written."""

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    def resume_reading(self) -> None:
        """Nothing comes by itself."""


def receive(connection: Stream | None, octets: bytes) -> None:
    """What the event loop does when octets have come, without the system call."""
    assert connection is not None  # noqa: S101 # something has been written by now; for mypy
    connection.get_buffer(-1)[: len(octets)] = octets
    connection.buffer_updated(len(octets))


class Edge:
    """The real event loop, except that its connections lead into a `Sink`."""

    def __init__(self, real: asyncio.AbstractEventLoop) -> None:
        self._real = real
        self.written_to: Stream | None = None
        """The endpoint connection that was written to last."""
        self.answers = 0
        """Logins that were answered 201."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def create_connection(
        self, factory: Callable[[], EndpointConnection], host: str, port: int, **_: Any
    ) -> tuple[Sink, EndpointConnection]:
        """What asyncio's does, without a socket."""
        sink, connection = Sink(self, (host, port)), factory()
        sink.connection = connection
        connection.connection_made(sink)
        return sink, connection


class DataPath:
    """A client, the proxy, and endpoints that answer at once."""

    def __init__(self, pool_settings: str = "") -> None:
        """`pool_settings` are more lines of the pool, in YAML."""
        self.edge = Edge(asyncio.get_running_loop())
        text = CONFIGURATION + textwrap.indent(pool_settings, "    ")
        parsed = configuration.parse(text)
        rng = Random(1)  # noqa: S311 # the same in every run
        table = build(parsed, text, rng, clock=self.edge.time)
        self.proxy = Proxy(table, cast(asyncio.AbstractEventLoop, self.edge), rng, None)

    async def warm_up(self, exchanges: int = 200) -> None:
        """Let the connections to all endpoints be made."""
        client = self._connect()
        for _ in range(exchanges):
            receive(client, REQUEST)
            connects = asyncio.all_tasks() - {asyncio.current_task()}
            if connects:
                await asyncio.wait(connects)
            receive(self.edge.written_to, ANSWER)

    def run(self, exchanges: int) -> None:
        """So many logins, one after the other, a thousand on each connection."""
        edge = self.edge
        while exchanges > 0:
            client = self._connect()
            for _ in range(min(exchanges, PER_CONNECTION)):
                receive(client, REQUEST)
                receive(edge.written_to, ANSWER)
            client.connection_lost(None)
            exchanges -= PER_CONNECTION

    def _connect(self) -> ClientConnection:
        client = ClientConnection(self.proxy)
        client.connection_made(Sink(self.edge, ("192.0.2.7", 40000)))
        return client
