"""TLS on a real balancer process: a certificate renewed while clients are connected."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from balancer.config import Tls
from tests.balancer.net.certificates import (
    Make,
    setting,
    shown,
    shown_to_a_new_client,
    trusting,
)
from tests.balancer.test_app import Running

pytestmark = pytest.mark.live

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
DEADLINE = "timeouts: {head: 500ms}\n"


class Secure(Running):
    """A balancer that speaks TLS."""

    def __init__(self, folder: Path, tls: Tls) -> None:
        super().__init__(folder)
        self.tls = tls
        self.more = setting(tls) + DEADLINE

    def text(self, weight: int = 1) -> str:
        """The configuration of the other tests, with TLS."""
        return super().text(weight) + self.more

    async def reload(self, more: str, event: str) -> str:
        """SIGHUP with these settings; what is logged of it."""
        self.more = more
        self.path.write_text(self.text())
        self.process.send_signal(signal.SIGHUP)
        return await self.until_logged(event)


@pytest.fixture
async def secure(tmp_path: Path, certificate: Make) -> AsyncIterator[Secure]:
    """A running balancer that shows the certificate `one`."""
    running = Secure(tmp_path, certificate("one"))
    await running.start()
    yield running
    await running.stop()


async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The status line and the body of a GET on this connection."""
    writer.write(GET)
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
        return head.partition(b"\r\n")[0] + b" " + await reader.readexactly(2)


def replace(old: Tls, new: Tls) -> None:
    """Put the new files in the old one's place, as a renewal does."""
    Path(new.certificate).rename(old.certificate)
    Path(new.key).rename(old.key)


async def test_a_renewed_certificate_is_for_new_handshakes(
    secure: Secure, certificate: Make
) -> None:
    """By other files, and by other content of the same files; an open connection goes on."""
    two, three = certificate("two"), certificate("three")
    context = trusting(secure.tls, two, three)
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.port, ssl=context)
    answers = [await asked(reader, writer)]
    names = [shown(writer)]

    applied = await secure.reload(setting(two) + DEADLINE, "config_read")
    names.append(await shown_to_a_new_client(secure.port, context))
    answers.append(await asked(reader, writer))
    replace(two, three)
    await secure.reload(secure.more, "config_read")
    names.append(await shown_to_a_new_client(secure.port, context))
    answers.append(await asked(reader, writer))
    writer.transport.abort()

    assert names == ["one", "two", "three"]
    assert answers == [b"HTTP/1.1 200 OK ok"] * 3
    assert "tls.certificate" in applied


async def test_a_refused_reload_leaves_the_certificate(secure: Secure, certificate: Make) -> None:
    """The new one would do, but the access log beside it cannot be opened."""
    two = certificate("two")

    refused = await secure.reload(
        setting(two) + "access_log: {path: /no/such/folder/log}\n", "config_refused"
    )

    assert "access_log.path: /no/such/folder/log: No such file or directory" in refused
    assert await shown_to_a_new_client(secure.port, trusting(secure.tls, two)) == "one"


async def test_a_silent_client_is_cut_when_its_head_would_be_due(secure: Secure) -> None:
    """The loop of the process would let a handshake take a minute."""
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.port)
    writer.write(b"\x16\x03\x01")
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()


async def test_sigterm_in_a_handshake_ends_it_with_0(secure: Secure) -> None:
    """Who has not come as far as HTTP is not waited for, and the port is given back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.port)
    writer.write(b"\x16\x03\x01")

    secure.process.send_signal(signal.SIGTERM)

    async with asyncio.timeout(10):
        assert await secure.process.wait() == 0
        assert await reader.read() == b""
    writer.close()
