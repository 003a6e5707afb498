"""The guards at work in a balancer process, before endpoints that really fail."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.balancer.test_app import Running

pytestmark = pytest.mark.live

GUARDS = """\
    ejection: {consecutive: 3, base: 60s}
    retry: {attempts: 2}
    limit: {in_flight: 4, queue: 2, wait: 200ms}
"""


class Guarded(Running):
    """Guards on; auth-1 answers 500 to /fail, and neither answers /hang before it is let go."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.let_go = asyncio.Event()
        self.hanging = 0

    def text(self, weight: int = 1) -> str:
        """The configuration of the other tests, guarded."""
        return super().text(weight) + GUARDS

    async def _endpoint(self, name: str) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.serving.append(asyncio.current_task())
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while head := await reader.readuntil(b"\r\n\r\n"):
                    self.served.append(name)
                    if b" /hang " in head:
                        self.hanging += 1
                        await self.let_go.wait()
                    status = 500 if b" /fail " in head and name == "auth-1" else 200
                    writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\nok" % status)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

        return await asyncio.start_server(serve, "127.0.0.1", 0)

    async def metric(self, name: str, **labels: str) -> float:
        """One series of /metrics."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.admin}/metrics") as page:
            families = text_string_to_metric_families(await page.text())
        (value,) = (
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )
        return value


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Guarded]:
    """A running balancer with guards."""
    one = Guarded(tmp_path)
    await one.start()
    yield one
    one.let_go.set()
    await one.stop()


async def statuses(url: str, times: int, method: str = "GET") -> list[int]:
    """So many requests, one after the other."""
    found = []
    async with aiohttp.ClientSession() as http:
        for _ in range(times):
            async with http.request(method, url) as answer:
                found.append(answer.status)
    return found


async def test_an_endpoint_that_fails_in_a_row_is_left_out(guarded: Guarded) -> None:
    """Three 500 in a row, and the rest of the traffic never sees it again."""
    found = await statuses(f"{guarded.url}/fail", 20)

    assert found.count(500) == 3
    assert await guarded.metric("lb_endpoint_ejected", endpoint="auth-1") == 1
    assert await guarded.metric("lb_ejections_total", endpoint="auth-1", reason="consecutive") == 1


async def test_a_login_is_tried_elsewhere_when_nobody_listens(guarded: Guarded) -> None:
    """POSTs too: a refused connection has reached nobody. No client notices."""
    guarded.endpoints[0].close()
    await guarded.endpoints[0].wait_closed()

    found = await statuses(f"{guarded.url}/v1/sessions", 20, "POST")

    assert found == [200] * 20
    retried = await guarded.metric("lb_retries_total", endpoint="auth-1", reason="connect_failed")
    assert retried == 3  # then it was ejected for it


async def test_more_than_the_endpoints_may_carry_waits_and_then_is_503(guarded: Guarded) -> None:
    """Four each are at work, two wait for a while, the others are told to come back."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

        async def ask() -> int:
            async with http.get(f"{guarded.url}/hang") as answer:
                return answer.status

        asked = [asyncio.ensure_future(ask()) for _ in range(20)]
        async with asyncio.timeout(10):
            while sum(one.done() for one in asked) < 12:  # noqa: ASYNC110 # twelve too many
                await asyncio.sleep(0.01)
        at_work = guarded.hanging
        guarded.let_go.set()
        found = await asyncio.gather(*asked)

    assert at_work == 8
    assert (found.count(503), found.count(200)) == (12, 8)
    assert await guarded.metric("lb_queue_refused_total", pool="auth") == 10
    assert await guarded.metric("lb_requests_total", endpoint="", outcome="shed") == 12
