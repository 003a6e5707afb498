"""What all connections of one balancer share: the table, the warm connections, the clock."""

import asyncio
import contextlib
import socket
from collections.abc import Coroutine
from random import Random
from typing import TYPE_CHECKING

from balancer.core import failure
from balancer.core.pool import Pool
from balancer.fields import address as parse_address
from balancer.net.access_log import AccessLog
from balancer.net.endpoint import EndpointConnection
from balancer.net.exchange import Exchange
from balancer.net.sticky import Stickiness
from balancer.net.stream import READ
from balancer.net.warm import WarmConnections
from balancer.table import Table

if TYPE_CHECKING:
    from balancer.net.client import ClientConnection

LOG_EVERY = 0.25
"""Seconds for which the access log's notes gather before a thread writes them."""


class Proxy:
    """The data path's state. One event loop, so no locks."""

    def __init__(
        self, table: Table, loop: asyncio.AbstractEventLoop, rng: Random, log: AccessLog | None
    ) -> None:
        self.table = table
        self.loop = loop
        self.now = loop.time
        self.rng = rng
        self.access_log = log
        self.draining = False
        self.clients: set[ClientConnection] = set()
        self.arriving: dict[socket.socket, asyncio.Task[None]] = {}
        """Connections before HTTP, in a PROXY protocol header or a TLS handshake, and who reads."""
        self.exchanges: set[Exchange] = set()
        """Exchanges that hold an endpoint's lease."""
        self.endpoint_connections = 0
        self.buffer = memoryview(bytearray(READ))
        """What every connection reads into; see `Stream`."""
        self.refused: dict[int, int] = dict.fromkeys((400, 404, 408, 413, 431, 501, 503, 505), 0)
        """Requests that never became an exchange, by the status they were answered."""
        self.stickiness: dict[str, Stickiness] = {}
        """Pools whose clients are kept where they were, and how their cookies are signed."""
        self.denied = 0
        """Connections from denied networks, closed without a word."""
        self.warm = WarmConnections(self)
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_rest = asyncio.Event()
        self.wanted: frozenset[str] = frozenset()
        """Addresses to which new attempts may go, so that warm connections are worth it."""
        self.apply(table)

    def apply(self, table: Table) -> None:
        """Serve by this table from now on. Exchanges under way keep the pool they began with."""
        self.table = table
        for pool in table.pools.values():
            pool.begin()
        self.wanted = frozenset(one.address for _, one in table.endpoints() if one.wanted)
        self.warm.sweep(idle_before=0.0)

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run a coroutine as a task that is kept from the garbage collector until it ends."""
        task = self.loop.create_task(work)  # the one place: everywhere else tasks come from here
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def connect(self, exchange: Exchange) -> None:
        """Open a connection for an exchange and hand it over; tell the exchange if that fails.

        The sweep cancels this when the exchange has waited for too long.
        """
        assert exchange.endpoint is not None  # noqa: S101 # begin() has picked it; for mypy
        address = exchange.endpoint.address
        host, port = parse_address(address)
        try:
            transport, connection = await self.loop.create_connection(
                lambda: EndpointConnection(self, address), host, port
            )
        except (OSError, UnicodeError):  # the latter for a host that cannot be a name
            exchange.connecting = None
            exchange.fail(failure.CONNECT_FAILED)
            return
        if exchange.done:
            transport.abort()
        else:
            exchange.send_on(connection)
            connection.flush()

    async def write_log(self) -> None:
        """Hand the access log's notes to a thread that writes them, for ever."""
        while True:
            await asyncio.sleep(LOG_EVERY)
            log = self.access_log  # a reload may put another in its place while a thread writes
            if log is None:
                continue
            notes = log.take()
            try:
                await self.loop.run_in_executor(None, log.write, notes)
            except OSError:  # a full disk costs us lines, and nothing else
                log.dropped += len(notes)

    def room(self, pool: Pool) -> None:
        """There is room in a pool: soon, let those begin that wait for it."""
        if pool.waiting is not None and pool.waiting.live:
            self.loop.call_soon(self.admit, pool.name)

    def admit(self, name: str) -> None:
        """Let those begin that wait for room in this pool, in their order, as far as there is."""
        pool = self.table.pools.get(name)
        if pool is None or pool.waiting is None:
            return
        while (exchange := pool.waiting.first()) is not None:
            endpoint = pool.pick(exchange.key)
            if endpoint is None:
                return
            pool.waiting.take()
            exchange.pool = pool
            exchange.leave_queue(endpoint)

    def rest(self) -> None:
        """Note, once we drain, that no exchange is under way any more."""
        if self.draining and not self.exchanges:
            self._at_rest.set()

    async def drain(self, grace: float) -> int:
        """Let what was begun finish, at most `grace` seconds; the number of exchanges cut off."""
        self.draining = True
        self.wanted = frozenset()
        self.warm.close()
        for client in list(self.clients):
            client.close_if_idle()
        self.rest()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._at_rest.wait(), grace)
        left = len(self.exchanges)
        for client in list(self.clients):
            client.transport.abort()
        await asyncio.sleep(0)  # let the transports report their end
        return left
