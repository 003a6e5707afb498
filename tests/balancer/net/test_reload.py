"""What a reload of a running process may not do, and what it must survive."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.balancer.test_app import TOKEN, Running, etag, put

pytestmark = pytest.mark.live


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A running balancer."""
    one = Running(tmp_path)
    await one.start()
    yield one
    await one.stop()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("tls: {certificate: a.pem, key: a.key}\n", "tls: is off while"),
        ("proxy_protocol: [10.0.0.0/8]\n", "proxy_protocol: is off while"),
        ("access_log: {path: /no/such/folder/log}\n", "/no/such/folder/log: No such file"),
    ],
)
async def test_what_cannot_be_changed_is_refused_and_the_old_runs_on(
    running: Running, more: str, reason: str
) -> None:
    """The sockets are opened once; a file that cannot be opened is named."""
    running.path.write_text(running.text() + more)
    running.process.send_signal(signal.SIGHUP)

    assert reason in await running.until_logged("config_refused")
    async with aiohttp.ClientSession() as http, http.get(running.url) as answer:
        assert answer.status == 200


async def test_a_change_of_address_is_refused(running: Running) -> None:
    """Not half applied."""
    running.path.write_text(running.text().replace(str(running.port), "1", 1))
    running.process.send_signal(signal.SIGHUP)

    assert "listen: is 127.0.0.1:" in await running.until_logged("config_refused")


async def test_a_put_that_names_a_file_that_cannot_be_opened_is_refused(running: Running) -> None:
    """422, with the setting at fault; what runs is what ran."""
    async with aiohttp.ClientSession() as http:
        tag = await etag(http, running)
        text = running.text(weight=3) + "access_log: {path: /no/such/folder/log}\n"

        status, problem = await put(
            http, running, text, If_Match=tag, Authorization=f"Bearer {TOKEN}"
        )

        assert status == 422
        assert problem["errors"] == [{
            "line": 1, "column": 1, "field": "access_log.path",
            "message": "/no/such/folder/log: No such file or directory",
        }]  # fmt: skip
        assert await etag(http, running) == tag
