"""Probes against real listeners."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

import pytest

from balancer.core.endpoint import Endpoint
from balancer.net.probe import keep_probing, probe
from balancer.pools import Health
from tests.balancer.configs import table

pytestmark = pytest.mark.live


@asynccontextmanager
async def listener(answer: Callable[[], bytes | None]) -> AsyncIterator[str]:
    """An address that answers each request with what `answer` gives; None stays silent."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            data = answer()
            if data is None:
                await reader.read()
            else:
                writer.write(data)
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    serving: list[asyncio.Task[None] | None] = []
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    yield f"{host}:{port}"
    server.close()
    await asyncio.gather(*(task for task in serving if task is not None))


QUICK = Health(interval=0.02, timeout=0.2, rise=2, fall=2)


@pytest.mark.parametrize(
    ("answer", "passes"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", False),
        (b"hello\r\n", False),
        (b"", False),
        (None, False),
    ],
)
async def test_passes_for_2xx_and_nothing_else(answer: bytes | None, passes: bool) -> None:
    """Redirects, errors, nonsense, a closed connection and silence are all failures."""
    async with listener(lambda: answer) as address:
        assert await probe(Endpoint("a", address), QUICK) is passes


async def test_a_port_that_nobody_listens_on_fails() -> None:
    """A refused connection is an answer too."""
    async with listener(lambda: b"") as address:
        pass

    assert await probe(Endpoint("a", address), QUICK) is False


async def test_probing_takes_an_endpoint_out_of_the_pool_and_back() -> None:
    """Down after `fall` failures, up after `rise` passes, and the pool's ready set follows."""
    answers = {"now": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"}
    async with listener(lambda: answers["now"]) as address:
        pool = table(POOL.format(address=address)).pools["p"]
        flips: asyncio.Queue[bool] = asyncio.Queue()

        def flipped() -> None:
            pool.refresh()
            flips.put_nowait(bool(pool.ready))

        probing = asyncio.ensure_future(keep_probing(pool.endpoints[0], QUICK, flipped, Random(1)))
        down = await asyncio.wait_for(flips.get(), 5)
        answers["now"] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        up = await asyncio.wait_for(flips.get(), 5)
        probing.cancel()

    assert (down, up) == (False, True)


POOL = """\
listen: 127.0.0.1:8080
routes: [{{pool: p}}]
pools: [{{name: p, endpoints: [{{address: "{address}"}}]}}]
"""
