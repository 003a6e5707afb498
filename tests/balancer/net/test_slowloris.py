"""Slow clients against a real balancer process: each is cut, and a good one beside them is not."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.balancer.test_app import Running

pytestmark = pytest.mark.live

DEADLINES = "timeouts: {head: 500ms, body: 500ms, between: 500ms, idle: 5s}\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
GAVE_UP = re.compile(r'lb_requests_total\{[^}]*code="200"[^}]*outcome="client_gone"[^}]*\} [1-9]')
LARGE = b"x" * (32 * 1024**2)


class Hurried(Running):
    """A balancer with short deadlines, whose endpoints have a large answer too."""

    def text(self, weight: int = 1) -> str:
        """The configuration of the other tests, in a hurry."""
        return super().text(weight) + DEADLINES

    async def _endpoint(self, name: str) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.serving.append(asyncio.current_task())
            try:
                while head := await reader.readuntil(b"\r\n\r\n"):
                    if head.startswith(b"POST"):
                        await reader.readexactly(9999)
                    body = LARGE if head.startswith(b"GET /large ") else b"ok"
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
                    writer.write(body)
                    await writer.drain()
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.transport.abort()

        return await asyncio.start_server(serve, "127.0.0.1", 0)


@pytest.fixture
async def hurried(tmp_path: Path) -> AsyncIterator[Hurried]:
    """A running balancer in a hurry."""
    one = Hurried(tmp_path)
    await one.start()
    yield one
    await one.stop()


async def drips(at: Hurried, start: bytes) -> bytes:
    """Sends the start, then an octet ten times a second until it is cut; what it was told."""
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    told = asyncio.ensure_future(reader.read())
    try:
        writer.write(start)
        async with asyncio.timeout(15):
            while not told.done():
                writer.write(b"x")
                await asyncio.wait({told}, timeout=0.1)
            return await told
    except ConnectionError:
        return b"cut"
    finally:
        writer.transport.abort()


async def takes_nothing(at: Hurried) -> int:
    """Asks for the large answer, reads none of it until the balancer gave up; what it then got."""
    loop = asyncio.get_running_loop()
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.setblocking(False)
        await loop.sock_connect(lazy, ("127.0.0.1", at.port))
        await loop.sock_sendall(lazy, GET.replace(b"/ ", b"/large "))
        got = 0
        async with asyncio.timeout(15), aiohttp.ClientSession() as http:
            while GAVE_UP.search(await metrics(at, http)) is None:  # noqa: ASYNC110 # another process
                await asyncio.sleep(0.05)
            with contextlib.suppress(ConnectionError):
                while piece := await loop.sock_recv(lazy, 1 << 16):
                    got += len(piece)
        return got


async def metrics(at: Hurried, http: aiohttp.ClientSession) -> str:
    """The balancer's own word."""
    async with http.get(f"{at.admin}/metrics") as answer:
        return await answer.text()


async def behaves(at: Hurried, until: asyncio.Future[tuple[bytes, bytes, int]]) -> set[bytes]:
    """Asks again and again on one connection until the others are done; what it was told."""
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    told = set()
    while not until.done():
        writer.write(GET)
        head = await reader.readuntil(b"\r\n\r\n")
        told.add(head.partition(b"\r\n")[0] + await reader.readexactly(2))
        await asyncio.sleep(0.01)
    writer.close()
    await writer.wait_closed()
    return told


async def test_slow_clients_are_cut_and_others_notice_nothing(hurried: Hurried) -> None:
    """A slow head, a slow body, a reader that takes nothing, and a good client beside them."""
    slow = asyncio.gather(
        drips(hurried, b"GET / HTTP/1.1\r\nHost: a\r\nX: "),
        drips(hurried, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n"),
        takes_nothing(hurried),
    )

    told = await behaves(hurried, slow)
    head, body, cut = await slow

    assert told == {b"HTTP/1.1 200 OK" + b"ok"}
    assert head.startswith(b"HTTP/1.1 408 ") or head == b"cut"
    assert body.startswith(b"HTTP/1.1 408 ") or body == b"cut"
    assert cut < len(LARGE)
