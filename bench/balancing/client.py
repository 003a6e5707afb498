"""Sends a load at a proxy and writes down what becomes of each login. Nothing is retried."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import cast

from httptools import HttpParserError, HttpResponseParser

from bench.balancing.load import Arrival, Fate, Load

BODY = b'{"login": "user", "password": "correct horse"}'


class Login:
    """One login under way, until it is settled one way or another."""

    def __init__(self, arrival: Arrival, begin: float, patience: float) -> None:
        """`begin` is the loop's time from which arrivals are due."""
        self._loop = asyncio.get_running_loop()
        self._arrival = arrival
        self._due = begin + arrival.due
        self._late = self._loop.time() - self._due
        self.work = arrival.work
        self.settled: asyncio.Future[Fate] = self._loop.create_future()
        self.connection: Connection | None = None
        self._timer = self._loop.call_at(self._due + patience, self._give_up)

    def settle(self, status: int) -> None:
        """The first outcome counts; status 0 is none."""
        if not self.settled.done():
            self._timer.cancel()
            seconds = self._loop.time() - self._due
            self.settled.set_result(Fate(self._arrival.due, self._late, seconds, status))

    def _give_up(self) -> None:
        self.settle(0)
        if self.connection is not None:
            self.connection.transport.abort()


class Source:
    """One client: its address, its connections, and the cookie that it was given last."""

    def __init__(self, port: int, address: str | None) -> None:
        """`port` is the proxy's; without an address of its own it has 127.0.0.1."""
        self._port = port
        self._address = address
        self.idle: deque[Connection] = deque()
        self.cookie = b""

    async def connect(self) -> "Connection":
        """Open one more connection."""
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(self), "127.0.0.1", self._port,
            local_addr=(self._address, 0) if self._address else None,
        )  # fmt: skip
        return connection

    async def send(self, login: Login) -> None:
        """Send it on a connection that is idle, or on a new one."""
        while self.idle:
            connection = self.idle.popleft()
            if not connection.transport.is_closing():
                connection.carry(login)
                return
        try:
            connection = await self.connect()
        except OSError:
            login.settle(0)
            return
        if login.settled.done():  # it gave up meanwhile
            connection.transport.close()
        else:
            connection.carry(login)

    def close(self) -> None:
        """Close what is idle; nothing else may be open."""
        while self.idle:
            self.idle.pop().transport.close()


class Connection(asyncio.Protocol):
    """A source's connection to the proxy, for one login at a time."""

    def __init__(self, source: Source) -> None:
        self.transport: asyncio.Transport
        self._source = source
        self._login: Login | None = None
        self._parser = HttpResponseParser(self)
        self._close = False

    def carry(self, login: Login) -> None:
        """Send a login; its answer will settle it."""
        self._login = login
        login.connection = self
        cookie = b"Cookie: %b\r\n" % self._source.cookie if self._source.cookie else b""
        self.transport.write(
            b"POST /v1/sessions HTTP/1.1\r\nHost: auth.example\r\nX-Work: %.3f\r\n%b"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (login.work, cookie, len(BODY), BODY)
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle(0)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self._settle(0)
            self.transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"set-cookie":
            self._source.cookie = value.partition(b";")[0]
        elif name.lower() == b"connection" and value.lower() == b"close":
            self._close = True

    def on_message_complete(self) -> None:
        self._settle(self._parser.get_status_code())
        if self._close:
            self.transport.close()
        else:
            self._source.idle.append(self)

    def _settle(self, status: int) -> None:
        login, self._login = self._login, None
        if login is not None:
            login.settle(status)


async def play(
    port: int, load: Load, arrivals: Sequence[Arrival], addresses: Sequence[str | None]
) -> list[Fate]:
    """Send everything when it is due, wait for all, say how each ended. Raises OSError."""
    loop = asyncio.get_running_loop()
    sources = [Source(port, address) for address in addresses]
    for source in sources:
        source.idle.append(await source.connect())
    begin = loop.time()
    logins: list[Login] = []
    async with asyncio.TaskGroup() as group:
        for arrival in arrivals:
            await asyncio.sleep(max(0.0, begin + arrival.due - loop.time()))
            login = Login(arrival, begin, load.patience)
            logins.append(login)
            group.create_task(sources[arrival.source].send(login))
    fates = [await login.settled for login in logins]
    for source in sources:
        source.close()
    return fates
