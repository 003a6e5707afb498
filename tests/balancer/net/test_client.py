"""What a client may send, and what each violation is answered."""

import pytest

from balancer.config import Limits
from tests.balancer.net.fakes import FakeTransport, Wire

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LIMITS = Limits()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET /\r\n\r\n", 505),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\nY: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n"
            b"Content-Length: 1\r\n\r\n",
            400,
        ),
        (GET[:-2] + b"X: 1\r\n" * (LIMITS.fields + 1) + b"\r\n", 431),
        (GET[:-2] + b"X: " + b"a" * LIMITS.head, 431),
    ],
)
async def test_what_could_be_read_in_two_ways_is_refused(
    wire: Wire, request_: bytes, status: int
) -> None:
    """It is answered, the connection ended, and nothing reaches an endpoint."""
    client, to_client = wire.client()

    client.data_received(request_)
    await wire.settle()

    assert to_client.take().startswith(b"HTTP/1.1 %d " % status)
    assert to_client.ended == "half-closed"
    assert wire.loop.opened == []
    assert wire.proxy.refused[status] == 1


async def test_a_broken_chunk_ends_the_exchange_and_its_attempt(wire: Wire) -> None:
    """The endpoint has half a request: its connection is closed, the client told 400."""
    client, to_client = await wire.asks(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    )

    client.data_received(b"zz\r\n")

    assert to_client.take().startswith(b"HTTP/1.1 400 ")
    assert wire.endpoint[1].ended == "aborted"
    assert to_client.ended == "half-closed"


async def test_a_bad_request_behind_a_good_one_takes_nothing_from_it(wire: Wire) -> None:
    """The good one is answered; then the connection is closed, as no order could be kept."""
    _, to_client = await wire.asks(GET + b"GET / HTTP/1.1\r\n\r\n")

    wire.endpoint[0].data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    answer = to_client.take()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Connection: close" in answer
    assert to_client.ended == "closed"


async def test_no_route_is_404(wire: Wire) -> None:
    """A target that is no path of any route."""
    client, to_client = wire.client()

    client.data_received(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")

    assert to_client.take().startswith(b"HTTP/1.1 404 ")


async def test_the_absolute_form_names_the_host(wire: Wire) -> None:
    """RFC 9112 section 3.2.2: the URI's host replaces the field's, and the path goes on."""
    client, _ = wire.client()

    client.data_received(b"GET http://Real.Example/x?y HTTP/1.1\r\nHost: other\r\n\r\n")
    await wire.settle()

    sent = wire.endpoint[1].take()
    assert sent.startswith(b"GET /x?y HTTP/1.1\r\nHost: real.example\r\n")


async def test_http_1_0_is_answered_and_closed(wire: Wire) -> None:
    """Without keep-alive the connection ends with the answer; a Host is not required."""
    _, to_client = await wire.asks(b"GET / HTTP/1.0\r\n\r\n")

    wire.endpoint[0].data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    assert to_client.ended == "closed"


async def test_an_upgrade_that_nobody_takes_up_is_an_ordinary_request(wire: Wire) -> None:
    """RFC 9110 section 7.8: a server may ignore Upgrade; what follows is HTTP/1.1 again."""
    client, _ = wire.client()

    client.data_received(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n" + GET
    )
    await wire.settle()

    assert b"pgrade" not in wire.endpoint[1].take()
    assert len(client._exchanges) == 2


async def test_a_head_that_does_not_come_is_408(wire: Wire) -> None:
    """Slowloris: a head may take ten seconds, whoever drips it."""
    client, to_client = wire.client()
    client.data_received(b"GET / HT")

    wire.loop.clock += 9
    wire.sweep()
    early = to_client.take()
    wire.loop.clock += 2
    wire.sweep()

    assert early == b""
    assert to_client.take().startswith(b"HTTP/1.1 408 ")
    assert to_client.ended == "half-closed"


async def test_an_idle_connection_is_closed_after_a_while(wire: Wire) -> None:
    """Without a word, since no request is under way."""
    _, to_client = wire.client()

    wire.loop.clock += 61
    wire.sweep()

    assert (to_client.take(), to_client.ended) == (b"", "closed")


async def test_a_client_that_is_gone_at_once_is_no_error(wire: Wire) -> None:
    """Between accept and the first callback the peer may have left; it has no address then."""
    transport = FakeTransport(peer=None)

    client, _ = wire.client()
    client.connection_made(transport)

    assert transport.ended == "aborted"
