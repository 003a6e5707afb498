"""What all connections of one balancer share: the table, the warm connections, the clock."""

import asyncio
import contextlib
import socket
from collections.abc import Coroutine
from random import Random
from typing import TYPE_CHECKING

from balancer.config import address as parse_address
from balancer.core import failure
from balancer.core.deadlines import Overdue, overdue
from balancer.net.access_log import AccessLog
from balancer.net.endpoint import EndpointConnection
from balancer.net.exchange import Exchange
from balancer.net.warm import WarmConnections
from balancer.table import Table

if TYPE_CHECKING:
    from balancer.net.client import ClientConnection

TICK = 0.25
"""Seconds between two looks at the deadlines: one timer for all, instead of one per request."""


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
        self.refused: dict[int, int] = dict.fromkeys((400, 404, 408, 413, 431, 501, 503, 505), 0)
        """Requests that never became an exchange, by the status they were answered."""
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
        self.wanted = frozenset(one.address for _, one in table.endpoints() if one.wanted)
        self.warm.sweep(idle_before=0.0)

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run a coroutine as a task that is kept from the garbage collector until it ends."""
        task = self.loop.create_task(work)  # the one place: everywhere else tasks come from here
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def connect(self, exchange: Exchange) -> None:
        """Open a connection for an exchange and hand it over; tell the exchange if that fails."""
        assert exchange.endpoint is not None  # noqa: S101 # begin() has picked it; for mypy
        address = exchange.endpoint.address
        host, port = parse_address(address)
        try:
            async with asyncio.timeout(self.table.config.timeouts.connect):
                transport, connection = await self.loop.create_connection(
                    lambda: EndpointConnection(self, address), host, port
                )
        except OSError as error:  # TimeoutError is one
            exchange.connecting = None
            slow = isinstance(error, TimeoutError)
            exchange.fail(failure.CONNECT_TIMEOUT if slow else failure.CONNECT_FAILED)
            return
        if exchange.done:
            transport.abort()
        else:
            exchange.send_on(connection)
            connection.flush()

    async def watch_deadlines(self) -> None:
        """Once a tick, end what has run past its deadline. Runs until cancelled."""
        while True:
            await asyncio.sleep(TICK)
            self.end_expired()
            log = self.access_log  # a reload may put another in its place while a thread writes
            if log is not None:
                notes = log.take()
                try:
                    await self.loop.run_in_executor(None, log.write, notes)
                except OSError:  # a full disk must not cost us the deadlines
                    log.dropped += len(notes)

    def end_expired(self) -> None:
        """End the exchanges and close the connections whose time is over."""
        now = self.now()
        timeouts = self.table.config.timeouts
        for exchange in list(self.exchanges):
            if exchange.client.congested:  # it counts as moving as long as its client takes octets
                buffered = exchange.client.transport.get_write_buffer_size()
                if buffered != exchange.buffered:
                    exchange.buffered, exchange.moved = buffered, now
            passed = overdue(exchange, now, timeouts)
            if passed is not None:
                self._end(exchange, passed)
        for client in list(self.clients):
            client.expire(now)
        self.warm.sweep(idle_before=now - timeouts.endpoint_idle)

    @staticmethod
    def _end(exchange: Exchange, passed: Overdue) -> None:
        """End an exchange whose deadline has passed, as the fault of whoever kept it waiting."""
        if passed == "body" or not exchange.request_whole:
            exchange.reject(408, "the request's body did not come in time")
        elif exchange.client.congested:
            exchange.abandon()
        elif passed == "tunnel":
            exchange.finish("ok", "101")
        else:
            exchange.fail(failure.ANSWER_TIMEOUT)

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
