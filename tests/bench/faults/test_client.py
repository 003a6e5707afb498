"""The load: reproducible, open, and every fate told apart."""

import asyncio
from collections import deque

import pytest

from bench.faults.client import Client, Connection, Request, schedule


def test_the_same_seed_gives_the_same_load() -> None:
    """And another seed another."""
    assert schedule(250, 2.0, seed=1) == schedule(250, 2.0, seed=1)
    assert schedule(250, 2.0, seed=1) != schedule(250, 2.0, seed=2)


def test_arrivals_keep_the_rate_and_mix_the_methods() -> None:
    """250 a second, half of them POST, within what chance allows (4 sigma)."""
    arrivals = schedule(250, 20.0, seed=3)
    posts = sum(one.method == "POST" for one in arrivals)

    assert len(arrivals) == pytest.approx(5000, abs=4 * 5000**0.5)
    assert posts == pytest.approx(len(arrivals) / 2, abs=4 * (len(arrivals) / 4) ** 0.5)
    assert all(0 <= one.due < 20.0 for one in arrivals)


async def fate(answer: bytes, *, gone: bool = True) -> tuple[str, int]:
    """How a request ends if the proxy sends this and closes; and connections then kept."""

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if not gone:
            await reader.read()  # until the client closes
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        idle: deque[Connection] = deque()
        loop = asyncio.get_running_loop()
        transport, connection = await loop.create_connection(
            lambda: Connection(idle), "127.0.0.1", port
        )
        request = Request("s1-1", "GET", loop.time(), close=False)
        connection.carry(request)
        settled = await asyncio.wait_for(request.settled, 5)
        kept = len(idle)
        transport.close()
    return settled.outcome, kept


@pytest.mark.live
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ns1-1", "ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ns1-2", "crossed"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "http_502"),
        (b"HTTP/1.1 503 No\r\n\r\nuntil the end", "http_503"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ns1", "cut"),
        (b"", "cut"),
        (b"SSH-2.0-OpenSSH\r\n", "malformed"),
    ],
)
async def test_every_fate_has_its_name(answer: bytes, outcome: str) -> None:
    """Only a whole answer with status 200 and the request's own id is an answer."""
    assert (await fate(answer))[0] == outcome


@pytest.mark.live
async def test_a_connection_is_kept_unless_the_proxy_says_close() -> None:
    """A client that kept it would lose its next request by its own fault."""
    kept = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ns1-1"
    closed = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\ns1-1"

    assert await fate(kept, gone=False) == ("ok", 1)
    assert await fate(closed, gone=False) == ("ok", 0)


@pytest.mark.live
async def test_a_silent_proxy_costs_the_patience_and_a_dead_one_nothing() -> None:
    """Both are told apart in the records."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = Client(port, patience=0.2, keep_alive=False)
    asked = await client.run(schedule(100, 0.05, seed=1), "t")
    server.close()
    dead = await client.run(schedule(100, 0.05, seed=1), "t")

    assert {one.outcome for one in asked} == {"timeout"}
    assert all(one.done - one.sent >= 0.15 for one in asked)
    assert {one.outcome for one in dead} == {"connect_failed"}
