"""The listening socket, live: TLS, PROXY protocol, denied networks."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from balancer.config import Tls
from balancer.core.proxy_protocol import V2_SIGNATURE
from balancer.net.listener import Listener
from balancer.net.proxy import Proxy
from tests.balancer.configs import table
from tests.balancer.test_app import free_port

pytestmark = pytest.mark.live

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
V1 = b"PROXY TCP4 198.51.100.1 192.0.2.1 12345 80\r\n"
V2 = V2_SIGNATURE + b"\x21\x11\0\x0c" + bytes([198, 51, 100, 1, 192, 0, 2, 1, 1, 1, 0, 80])
NAMED = "proxy_protocol: [127.0.0.0/8]\n"


class Front:
    """A listener on loopback before one endpoint that answers with the head it got."""

    def __init__(self, listener: Listener, port: int) -> None:
        self.listener = listener
        self.port = port


@asynccontextmanager
async def front(more: str = "") -> AsyncIterator[Front]:
    """A running listener with these settings besides."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
                     % (len(head), head))  # fmt: skip
        writer.close()

    endpoint = await asyncio.start_server(echo, "127.0.0.1", 0)
    there, port = endpoint.sockets[0].getsockname()[1], free_port()
    text = (
        f"listen: 127.0.0.1:{port}\nroutes: [{{pool: p}}]\n"
        f'pools: [{{name: p, endpoints: [{{address: "127.0.0.1:{there}"}}]}}]\n{more}'
    )
    built = table(text)
    proxy = Proxy(built, asyncio.get_running_loop(), Random(1), log=None)
    listener = Listener(proxy, built.config)
    await listener.start(built.config)
    try:
        yield Front(listener, port)
    finally:
        listener.close()
        await proxy.drain(1)
        for task in list(proxy._tasks):
            task.cancel()
        endpoint.close()
        await asyncio.sleep(0.05)


async def ask(
    at: Front, octets: bytes, *, step: int = 1 << 20, context: ssl.SSLContext | None = None
) -> bytes:
    """Everything that comes back, up to the end of the connection; b"" if it is cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    try:
        async with asyncio.timeout(10):
            if context is not None and octets != GET:
                writer.write(octets.removesuffix(GET))
                await writer.start_tls(context)
                octets = GET
            for i in range(0, len(octets), step):
                writer.write(octets[i : i + step])
                await writer.drain()
                await asyncio.sleep(0)
            return await reader.read()
    except (ConnectionError, ssl.SSLError):
        return b""
    finally:
        writer.close()


Make = Callable[[str], Tls]


@pytest.fixture
def certificate(tmp_path: Path) -> Make:
    """Makes a self-signed certificate for a name."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is not installed, which makes the test's certificates")

    def make(name: str) -> Tls:
        pem, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        subprocess.run(
            [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-subj", f"/CN={name}", "-days", "1", "-keyout", str(key), "-out", str(pem)],
            check=True, capture_output=True,
        )  # fmt: skip
        return Tls(certificate=str(pem), key=str(key))

    return make


def trusting(*certificates: Tls) -> ssl.SSLContext:
    """A client's context that believes these certificates."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.load_verify_locations(cadata="".join(Path(c.certificate).read_text()
                                                 for c in certificates))  # fmt: skip
    return context


async def served(at: Front, context: ssl.SSLContext) -> str:
    """The common name in the certificate of a new handshake."""
    _, writer = await asyncio.open_connection("127.0.0.1", at.port, ssl=context)
    found = dict(one[0] for one in writer.get_extra_info("peercert")["subject"])
    writer.transport.abort()
    return str(found["commonName"])


def settings(tls: Tls) -> str:
    """The setting for these files."""
    return f"tls: {{certificate: {tls.certificate}, key: {tls.key}}}\n"


async def test_tls_ends_here_and_the_endpoint_is_told(certificate: Make) -> None:
    """X-Forwarded-Proto is https; files that fit are used for new handshakes, others are not."""
    one, two = certificate("one"), certificate("two")
    context = trusting(one, two)
    async with front(settings(one)) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port, ssl=context)
        writer.write(GET)
        answer = await reader.read()
        writer.close()
        names = [await served(at, context)]
        at.listener.renew(two)
        names.append(await served(at, context))
        broken = Tls(certificate=two.certificate, key=one.key)
        with pytest.raises(OSError, match="PEM"):
            at.listener.renew(broken)
        names.append(await served(at, context))

    assert b"X-Forwarded-Proto: https\r\n" in answer
    assert names == ["one", "two", "two"]


@pytest.mark.parametrize("step", [1, 1 << 20])
@pytest.mark.parametrize("preface", [V1, V2])
async def test_a_named_peer_announces_its_client(preface: bytes, step: int) -> None:
    """Version 1 and 2, in one piece or octet by octet."""
    async with front(NAMED) as at:
        answer = await ask(at, preface + GET, step=step)

    assert b"X-Forwarded-For: 198.51.100.1\r\n" in answer


async def test_the_announcement_stands_before_tls(certificate: Make) -> None:
    """The preface is plain, the handshake follows it."""
    one = certificate("one")
    async with front(NAMED + settings(one)) as at:
        answer = await ask(at, V2 + GET, context=trusting(one))

    assert b"X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\n" in answer


async def test_a_peer_that_is_not_named_is_a_client() -> None:
    """It is served as itself, and a header from it is not HTTP."""
    async with front("proxy_protocol: [192.0.2.0/24]\n") as at:
        plain, announced = await ask(at, GET), await ask(at, V1 + GET)

    assert b"X-Forwarded-For: 127.0.0.1\r\n" in plain
    assert announced.startswith(b"HTTP/1.1 400 ")


async def test_a_named_peer_that_sends_no_header_is_closed() -> None:
    """The protocol forbids guessing; a local health check is served as the peer itself."""
    async with front(NAMED) as at:
        garbage = await ask(at, GET)
        unknown = await ask(at, b"PROXY UNKNOWN\r\n" + GET)

    assert garbage == b""
    assert b"X-Forwarded-For: 127.0.0.1\r\n" in unknown


@pytest.mark.parametrize(
    ("more", "octets"),
    [("deny: [127.0.0.0/8]\n", GET), (NAMED + "deny: [198.51.100.0/24]\n", V1 + GET)],
)
async def test_a_denied_network_is_closed_without_a_word(more: str, octets: bytes) -> None:
    """By the peer's address, or by the announced one."""
    async with front(more) as at:
        answer = await ask(at, octets)

    assert answer == b""
