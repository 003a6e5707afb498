"""What the endpoint is told of the client, and how much one client may ask for."""

import re

import pytest

from tests.balancer.net.conftest import ONE
from tests.balancer.net.fakes import Wire

TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TOLD = (
    b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: real\r\n"
    b"Forwarded: for=6.6.6.6\r\n"
)
TRUSTING = ONE + "trusted: [192.0.2.0/24]\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


async def sent(wire: Wire, fields: bytes) -> dict[bytes, bytes]:
    """The fields that the endpoint gets of a GET with these."""
    await wire.asks(b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n")
    return dict(re.findall(rb"([\w-]+): ([^\r\n]*)\r\n", wire.endpoint[1].take()))


async def test_an_untrusted_peer_says_nothing_of_the_client(wire: Wire) -> None:
    """Its X-Forwarded-* and Forwarded are dropped; ours stand alone."""
    got = await sent(wire, TOLD)

    assert got[b"X-Forwarded-For"] == b"192.0.2.7"
    assert got[b"X-Forwarded-Proto"] == b"http"
    assert got[b"X-Forwarded-Host"] == b"a"
    assert got[b"Forwarded"] == b'for=192.0.2.7;host="a";proto=http'


async def test_a_trusted_peer_is_believed_and_appended_to() -> None:
    """Lists get one more element, the scheme and host stay as told."""
    got = await sent(Wire(TRUSTING), TOLD)

    assert got[b"X-Forwarded-For"] == b"6.6.6.6, 192.0.2.7"
    assert got[b"X-Forwarded-Proto"] == b"https"
    assert got[b"X-Forwarded-Host"] == b"real"
    assert got[b"Forwarded"] == b'for=6.6.6.6, for=192.0.2.7;host="a";proto=http'


@pytest.mark.parametrize("trusting", [False, True])
@pytest.mark.parametrize(
    "name",
    [b"X_Forwarded_For", b"x_forwarded-for", b"X-FORWARDED_PROTO", b"X_Forwarded_Host",
     b"X_Request_Id", b"Content_Length", b"Transfer_Encoding", b"Proxy_Authorization"],
)  # fmt: skip
async def test_a_name_that_applications_take_for_ours_is_dropped(
    name: bytes, trusting: bool
) -> None:
    """Many cannot tell hyphen and underscore; nobody may speak in our name, trusted or not."""
    got = await sent(Wire(TRUSTING if trusting else ONE), name + b": 7\r\n")

    assert name not in got
    assert b"7" not in got.values()


async def test_other_names_with_an_underscore_pass(wire: Wire) -> None:
    """They are between the client and the application."""
    got = await sent(wire, b"api_key: 7\r\nX_Forwarded: 8\r\n")

    assert (got[b"api_key"], got[b"X_Forwarded"]) == (b"7", b"8")


@pytest.mark.parametrize("fields", [b"", b"traceparent: x\r\n", b"traceparent: %b\r\n" % TRACE * 2])
async def test_a_trace_is_made_where_none_is_well_formed(wire: Wire, fields: bytes) -> None:
    """Its id is the request's id too, and a tracestate without its parent is dropped."""
    got = await sent(wire, fields + b"tracestate: v=1\r\n")

    assert got[b"traceparent"] != TRACE
    assert got[b"X-Request-Id"] == got[b"traceparent"][3:35]
    assert b"tracestate" not in got


async def test_a_good_trace_is_kept_with_its_state(wire: Wire) -> None:
    """And names the request if nothing else does."""
    got = await sent(wire, b"traceparent: %b\r\ntracestate: v=1\r\n" % TRACE)

    assert got[b"traceparent"] == TRACE
    assert got[b"tracestate"] == b"v=1"
    assert got[b"X-Request-Id"] == TRACE[3:35]


async def test_a_chunked_body_over_the_limit_is_413() -> None:
    """Counted as it comes; the endpoint's connection ends before the last chunk."""
    wire = Wire(ONE + "limits: {body: 4}\n")
    client, to_client = wire.client()
    client.data_received(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n"
    )
    await wire.settle()

    client.data_received(b"1\r\ne\r\n0\r\n\r\n")

    assert to_client.take().startswith(b"HTTP/1.1 413 ")
    assert wire.endpoint[1].ended == "aborted"
    assert not wire.endpoint[1].take().endswith(b"0\r\n\r\n")


async def test_the_last_request_of_a_connection_says_so() -> None:
    """After `limits.requests` the connection closes with its answer."""
    wire = Wire(ONE + "limits: {requests: 2}\n")
    client, to_client = wire.client()
    answers = []
    for _ in range(2):
        client.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await wire.settle()
        wire.endpoint[0].data_received(OK)
        answers.append(b"Connection: close" in to_client.take())

    assert answers == [False, True]
    assert to_client.ended == "closed"
