"""One health check: a GET on a connection of its own, judged by its status."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import cast

from httptools import HttpParserError, HttpResponseParser

from balancer.core.endpoint import Endpoint
from balancer.fields import address
from balancer.pools import Health, Statuses


class _Probe(asyncio.Protocol):
    """Sends the probe's request and keeps the status of the answer."""

    def __init__(self, request: bytes, status: Statuses) -> None:
        self.passed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._request = request
        self._status = status
        self._parser = HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self._settle(passed=False)

    def on_headers_complete(self) -> None:
        least, most = self._status
        self._settle(passed=least <= self._parser.get_status_code() <= most)

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle(passed=False)

    def _settle(self, *, passed: bool) -> None:
        if not self.passed.done():
            self.passed.set_result(passed)


async def probe(endpoint: Endpoint, health: Health) -> bool:
    """Ask once; True for a status that passes, in time. Any trouble in between is False."""
    host, port = address(endpoint.address)
    request = (
        f"GET {health.path} HTTP/1.1\r\nHost: {endpoint.address}\r\n"
        "User-Agent: evenhand-probe\r\nConnection: close\r\n\r\n"
    ).encode()
    transport: asyncio.BaseTransport | None = None
    try:
        async with asyncio.timeout(health.timeout):
            loop = asyncio.get_running_loop()
            transport, protocol = await loop.create_connection(
                lambda: _Probe(request, health.status), host, port
            )
            return await protocol.passed
    except OSError:  # TimeoutError is one
        return False
    finally:
        if transport is not None:
            cast(asyncio.Transport, transport).abort()


async def keep_probing(
    endpoint: Endpoint, health: Health, flipped: Callable[[], None], rng: Random
) -> None:
    """Probe an endpoint every interval until cancelled; call `flipped` when it turns up or down.

    It outlives reloads, as the endpoint's `Health` does, so it knows no pool.
    """
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        passed = await probe(endpoint, health)
        if endpoint.health.observe(passed, rise=health.rise, fall=health.fall):
            flipped()
        wait = health.interval * (1 + health.jitter * (rng.random() - 0.5))
        await asyncio.sleep(max(0.0, began + wait - loop.time()))
