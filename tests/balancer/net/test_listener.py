"""The listening socket, live: TLS, PROXY protocol, denied networks."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

import pytest

from balancer.config import Tls
from balancer.core.proxy_protocol import V2_SIGNATURE
from balancer.net import sweep
from balancer.net.listener import Listener
from balancer.net.proxy import Proxy
from balancer.net.tls import tls_context
from tests.balancer.configs import table
from tests.balancer.net.certificates import (
    Make,
    setting,
    shown,
    shown_to_a_new_client,
    trusting,
)
from tests.balancer.test_app import free_port

pytestmark = pytest.mark.live

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
V1 = b"PROXY TCP4 198.51.100.1 192.0.2.1 12345 80\r\n"
V2 = V2_SIGNATURE + b"\x21\x11\0\x0c" + bytes([198, 51, 100, 1, 192, 0, 2, 1, 1, 1, 0, 80])
NAMED = "proxy_protocol: [127.0.0.0/8]\n"


class Front:
    """A listener on loopback before one endpoint that answers with the head it got."""

    def __init__(self, listener: Listener, proxy: Proxy, text: str) -> None:
        self.listener = listener
        self.proxy = proxy
        self.text = text
        self.port = proxy.table.config.listen.port


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
    tls = built.config.tls
    listener = Listener(proxy, tls_context(tls) if tls else None)
    await listener.start(built.config)
    try:
        yield Front(listener, proxy, text)
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


async def until(condition: Callable[[], bool]) -> None:
    """Wait until this holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 # a state of the listener, not an event
            await asyncio.sleep(0.01)


def hello(context: ssl.SSLContext) -> bytes:
    """What a client says first in a handshake."""
    out = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out).do_handshake()
    return out.read()


async def test_tls_ends_here_and_the_endpoint_is_told(certificate: Make) -> None:
    """X-Forwarded-Proto is https; a renewed certificate is shown to who comes from now on."""
    one, two = certificate("one"), certificate("two")
    context = trusting(one, two)
    async with front(setting(one)) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port, ssl=context)
        names = [shown(writer)]
        at.listener.tls = tls_context(two)
        names.append(await shown_to_a_new_client(at.port, context))
        writer.write(GET)
        answer = await reader.read()
        writer.close()

    assert b"X-Forwarded-Proto: https\r\n" in answer
    assert names == ["one", "two"]


def test_files_that_do_not_fit_are_named(certificate: Make) -> None:
    """A certificate and another's key; a file that is not there."""
    one, two = certificate("one"), certificate("two")

    with pytest.raises(OSError, match=r"not a PEM certificate and its key .*two.pem, .*one.key"):
        tls_context(Tls(certificate=two.certificate, key=one.key))
    with pytest.raises(OSError, match=r"No such file .*gone.pem or .*two.key"):
        tls_context(Tls(certificate="gone.pem", key=two.key))


@pytest.mark.parametrize("begun", [b"", b"\x16\x03\x01\x02\x00\x01"])
async def test_a_handshake_takes_no_longer_than_a_head(certificate: Make, begun: bytes) -> None:
    """Who says nothing, or stops in the middle, is let go and counted."""
    async with front(setting(certificate("one")) + "timeouts: {head: 200ms}\n") as at:
        answer = await ask(at, begun)
        refused = at.proxy.refused[408]
        await until(lambda: not at.proxy.arriving)

    assert (answer, refused) == (b"", 1)


async def test_a_deadline_that_was_reloaded_counts_for_who_comes_next(certificate: Make) -> None:
    """The listener looks at the table of the moment."""
    tls = setting(certificate("one"))
    async with front(tls) as at:
        at.proxy.apply(table(at.text + "timeouts: {head: 200ms}\n"))
        answer = await ask(at, b"")
        at.proxy.apply(table(at.text + "deny: [127.0.0.0/8]\n"))
        await ask(at, b"")

    assert answer == b""
    assert (at.proxy.refused[408], at.proxy.denied) == (1, 1)


async def test_who_shakes_hands_counts_as_a_connection(certificate: Make) -> None:
    """At the limit one more is let go at once; each client is counted once all the way."""
    one = certificate("one")
    context = trusting(one)
    async with front(setting(one) + "limits: {connections: 2}\n") as at:
        client = await asyncio.open_connection("127.0.0.1", at.port, ssl=context)
        await until(lambda: (len(at.proxy.clients), len(at.proxy.arriving)) == (1, 0))
        silent = await asyncio.open_connection("127.0.0.1", at.port)
        await until(lambda: len(at.proxy.arriving) == 1)
        third = await ask(at, hello(context))
        silent[1].close()
        await until(lambda: not at.proxy.arriving)
        fourth = await shown_to_a_new_client(at.port, context)
        client[1].transport.abort()

    assert (third, at.proxy.refused[503], fourth) == (b"", 1, "one")
    assert at.proxy.refused[400] == 0  # closing without a word is how TCP checks end


async def test_who_waits_with_its_announcement_counts_too() -> None:
    """A peer that is named may open connections without end, and be wrong."""
    async with front(NAMED + "limits: {connections: 1}\n") as at:
        _, silent = await asyncio.open_connection("127.0.0.1", at.port)
        await until(lambda: len(at.proxy.arriving) == 1)
        answer = await ask(at, V1 + GET)
        silent.close()

    assert (answer, at.proxy.refused[503]) == (b"", 1)


@pytest.mark.parametrize(
    ("more", "before"),
    [("deny: [127.0.0.0/8]\n", b""), (NAMED + "deny: [198.51.100.0/24]\n", V1),
     (NAMED + "deny: [127.0.0.0/8]\n", b"PROXY UNKNOWN\r\n")],
)  # fmt: skip
async def test_a_denied_network_gets_no_handshake(
    certificate: Make, more: str, before: bytes
) -> None:
    """Not one octet of it, whether the peer is denied or whom it announces."""
    one = certificate("one")
    async with front(setting(one) + more) as at:
        answer = await ask(at, before + hello(trusting(one)))
        await until(lambda: at.proxy.denied == 1)

    assert answer == b""


async def test_a_handshake_that_fails_is_counted(certificate: Make) -> None:
    """HTTP to a TLS port, for one."""
    async with front(setting(certificate("one"))) as at:
        await ask(at, GET)
        await until(lambda: at.proxy.refused[400] == 1)


async def test_an_idle_client_that_does_not_say_goodbye_is_not_waited_for(
    certificate: Make,
) -> None:
    """TLS closes in agreement, but a phone that lost its network agrees to nothing."""
    one = certificate("one")
    async with front(setting(one) + "timeouts: {idle: 200ms}\n") as at:
        watching = at.proxy.spawn(sweep.watch(at.proxy))
        _, writer = await asyncio.open_connection("127.0.0.1", at.port, ssl=trusting(one))
        await until(lambda: len(at.proxy.clients) == 1)
        writer.transport.pause_reading()  # type: ignore[attr-defined] # WriteTransport, says mypy
        await until(lambda: not at.proxy.clients)
        watching.cancel()
        writer.transport.abort()


async def test_closing_lets_go_who_has_not_come_as_far_as_http(certificate: Make) -> None:
    """And accepts no more, while those who have are served on."""
    one = certificate("one")
    async with front(setting(one)) as at:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", at.port, ssl=trusting(one)
        )  # fmt: skip
        silent = asyncio.ensure_future(ask(at, b""))
        await until(lambda: (len(at.proxy.clients), len(at.proxy.arriving)) == (1, 1))

        at.listener.close()

        assert await silent == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", at.port)
        writer.write(GET)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()


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
    async with front(NAMED + setting(one)) as at:
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
