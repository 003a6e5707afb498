"""A full disk costs lines of the log, not answers and not a clean end."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.balancer.test_app import Running

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here"),
]


class Full(Running):
    """A balancer whose access log is on a full disk."""

    def text(self, weight: int = 1) -> str:
        """The configuration of the other tests, with the log."""
        return super().text(weight) + "access_log: {path: /dev/full}\n"


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[Full]:
    """A running balancer on a full disk."""
    one = Full(tmp_path)
    await one.start()
    yield one
    await one.stop()


async def test_the_drain_and_the_exit_code_do_not_depend_on_the_log(full: Full) -> None:
    """What was lost is told in one line; the request is answered, the process ends with 0."""
    async with aiohttp.ClientSession() as http, http.get(full.url) as answer:
        status = answer.status

    full.process.send_signal(signal.SIGTERM)
    failed = json.loads(await full.until_logged("access_log_failed"))
    await full.until_logged("stopped")

    assert status == 200
    assert await asyncio.wait_for(full.process.wait(), 10) == 0
    assert failed["path"] == "/dev/full"
    assert failed["reason"] == "No space left on device"
    assert failed["lost"] == 1


async def answered(url: str) -> int:
    """The status of the first request that finds the process listening."""
    async with asyncio.timeout(10), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(url) as answer:
                    return answer.status
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)


async def test_what_it_has_to_say_may_be_lost_too(tmp_path: Path) -> None:
    """With standard error on the same full disk it serves, reloads and ends as ever."""
    full = Full(tmp_path)
    full.endpoints = [await full._endpoint(name) for name in ("auth-1", "auth-2")]
    full.path.write_text(full.text())
    full.process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", 'exec "$0" "$@" 2>/dev/full',
        sys.executable, "-m", "evenhand", "balancer", "--config", str(full.path),
    )  # fmt: skip
    try:
        before = await answered(full.url)
        full.process.send_signal(signal.SIGHUP)
        after = await answered(full.url)
        full.process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(full.process.wait(), 10)
    finally:
        await full.stop()

    assert (before, after, code) == (200, 200, 0)
