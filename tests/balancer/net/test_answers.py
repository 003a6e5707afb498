"""What endpoints may answer: each violation is a 502 or a cut, and is nobody else's answer."""

import re

import pytest

from tests.balancer.net.fakes import Wire

GET = b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\n\r\n"
HEAD = GET.replace(b"GET", b"HEAD")
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\nX-Request-Id: r2\r\n\r\n"
LINE = b"HTTP/1.1 200 OK\r\n"
OK = LINE + b"Content-Length: 2\r\n\r\nhi"
CHUNKED = LINE + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
EMPTY = b"Content-Length: 0\r\n\r\n"
MARK = b"6666"

MALFORMED = [
    ("9112 4", b"HTTP/1.1 20 OK\r\n" + EMPTY),
    ("9112 4", b"HTTP/1.1 2000 OK\r\n" + EMPTY),
    ("9112 4", b"HTTP/1.1 abc OK\r\n" + EMPTY),
    ("9110 15", b"HTTP/1.1 000 Nothing\r\n" + EMPTY),
    ("9110 15", b"HTTP/1.1 099 Nothing\r\n" + EMPTY),
    ("9112 2.3", b"HTTP/2.0 200 OK\r\n" + EMPTY),
    ("9112 2.3", b"HTTP/0.9 200 OK\r\n" + EMPTY),
    ("9112 2.3", b"http/1.1 200 OK\r\n" + EMPTY),
    ("9112 4", b"RTSP/1.0 200 OK\r\n" + EMPTY),
    ("9112 4", b"ICE/1.0 200 OK\r\n" + EMPTY),
    ("9112 4", b"\r\n" + LINE + EMPTY),
    ("9112 4", b"<html>" + MARK),
    ("9112 5.1", LINE + b"A : b\r\n" + EMPTY),
    ("9112 5.1", LINE + b"A B: b\r\n" + EMPTY),
    ("9112 5.2", LINE + b"A: b\r\n folded\r\n" + EMPTY),
    ("9112 5.2", LINE + b" leading: b\r\n" + EMPTY),
    ("9110 5.5", LINE + b"A: b\0c\r\n" + EMPTY),
    ("9110 5.5", LINE + b"A: b\rc\r\n" + EMPTY),
    ("9112 2.2", LINE + b"A: b\n" + EMPTY),
    ("9112 6.3", LINE + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n" + MARK),
    ("9112 6.3", LINE + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n" + MARK),
    ("9112 6.3", LINE + b"Content-Length: 2, 2\r\n\r\n" + MARK),
    ("9112 6.3", LINE + b"Content-Length: -2\r\n\r\n" + MARK),
    ("9112 6.3", LINE + b"Content-Length: +2\r\n\r\n" + MARK),
    ("9112 6.3", LINE + b"Content-Length: 99999999999999999999\r\n\r\n" + MARK),
    ("9112 6.3", LINE + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("9112 6.3", LINE + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n"),
    ("9112 6.1", LINE + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("9112 6.1", LINE + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    ("9112 6.1", LINE + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n"),
    ("9112 6.1", LINE + b"Transfer-Encoding: identity\r\n\r\n" + MARK),
    ("9112 6.1", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("ours", LINE + b"X: " + b"a" * 66_000 + b"\r\n" + EMPTY),
    ("ours", b"HTTP/1.1 100 Continue\r\n\r\n" * 3000),
]  # fmt: skip


@pytest.mark.parametrize("step", [1, 4096, 1 << 20])
@pytest.mark.parametrize(("section", "answer"), MALFORMED)
async def test_a_malformed_head_is_502_however_it_is_split(
    wire: Wire, section: str, answer: bytes, step: int
) -> None:
    """The client gets a 502 and nothing of it; its connection stays good, the endpoint's goes."""
    client, to_client = await wire.asks(GET)
    endpoint, to_endpoint = wire.endpoint

    for at in range(0, len(answer), step):
        if not to_endpoint.ended:
            endpoint.data_received(answer[at : at + step])
    answered = to_client.take()
    client.data_received(NEXT)
    await wire.settle()
    wire.endpoint[0].data_received(OK)

    final = re.sub(rb"HTTP/1.1 100 Continue\r\n\r\n", b"", answered)
    assert final.startswith(b"HTTP/1.1 502 "), section
    assert MARK not in answered
    assert to_endpoint.ended == "aborted"
    assert len(wire.loop.opened) == 2
    assert to_client.take().endswith(b"X-Request-Id: r2\r\n\r\nhi")
    assert wire.counted == {("bad_response", "502"): 1, ("ok", "200"): 1}


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\n", b"2\r\nhiX\r\n", b"2\nhi\n", b"fffffffffffffffff\r\n", b" 2\r\nhi", b"-2\r\n",
     b"2\r\nhi\r\n0\r\nT: a\0\r\n\r\n"],
)  # fmt: skip
async def test_a_broken_chunk_cuts_the_client(wire: Wire, chunks: bytes) -> None:
    """RFC 9112 section 7.1: half of the answer is out, and must not look whole."""
    _, to_client = await wire.asks(GET)
    endpoint, to_endpoint = wire.endpoint

    endpoint.data_received(LINE + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)

    assert not to_client.take().endswith(b"0\r\n\r\n")
    assert (to_client.ended, to_endpoint.ended) == ("aborted", "aborted")
    assert wire.counted == {("bad_response", "200"): 1}


@pytest.mark.parametrize("at", range(len(OK)))
async def test_an_answer_that_ends_early_never_looks_whole(wire: Wire, at: int) -> None:
    """Closed at any octet: before the head's end a 502, behind it a cut."""
    _, to_client = await wire.asks(GET)
    endpoint, _ = wire.endpoint

    if at:
        endpoint.data_received(OK[:at])
    endpoint.connection_lost(None)

    if at < OK.index(b"\r\n\r\n") + 4:
        assert to_client.take().startswith(b"HTTP/1.1 502 ")
        assert to_client.ended == ""
    else:
        assert to_client.ended == "aborted"
    assert wire.load.in_flight == 0


@pytest.mark.parametrize("at", range(len(CHUNKED)))
async def test_a_chunked_answer_that_ends_early_never_looks_whole(wire: Wire, at: int) -> None:
    """The last chunk is ours to write, and only behind the endpoint's own."""
    _, to_client = await wire.asks(GET)
    endpoint, _ = wire.endpoint

    if at:
        endpoint.data_received(CHUNKED[:at])
    endpoint.connection_lost(None)

    answered = to_client.take()
    assert not answered.endswith(b"0\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 502 ") or to_client.ended == "aborted"
    assert wire.load.in_flight == 0


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (GET, OK + MARK),
        (GET, OK + OK),
        (GET, CHUNKED + MARK),
        (GET, OK.replace(b"Content", b"Connection: close\r\nContent") + OK),
        (GET, b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n" + MARK),
        (GET, b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n6666\r\n"),
        (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n" + MARK),
        (HEAD, LINE + b"Content-Length: 4\r\n\r\n" + MARK),
        (HEAD, LINE + b"\r\n" + MARK),
        (HEAD, LINE + b"Transfer-Encoding: chunked\r\n\r\n4\r\n"),
        (HEAD, LINE + b"Content-Length: 99\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + MARK),
    ],
)
async def test_what_stands_behind_an_answer_reaches_nobody(
    wire: Wire, request_: bytes, answer: bytes
) -> None:
    """Neither the client that asked nor the next; the connection is not used again."""
    client, to_client = await wire.asks(request_)
    endpoint, to_endpoint = wire.endpoint

    endpoint.data_received(answer)
    client.data_received(NEXT)
    await wire.settle()
    wire.endpoint[0].data_received(OK)

    answered = to_client.take()
    assert to_endpoint.ended == "aborted"
    assert len(wire.loop.opened) == 2
    assert MARK not in answered
    assert answered.count(b"HTTP/1.1 ") == 2


async def test_what_comes_later_on_a_warm_connection_closes_it(wire: Wire) -> None:
    """Octets that nobody asked for, in a read of their own."""
    _, to_client = await wire.asks(GET)
    endpoint, to_endpoint = wire.endpoint
    endpoint.data_received(OK)
    to_client.take()

    endpoint.data_received(OK)

    assert to_endpoint.ended == "aborted"
    assert to_client.take() == b""


@pytest.mark.parametrize(
    ("status", "length"), [(b"204", False), (b"103", False), (b"304", True), (b"200", True)]
)
async def test_a_length_goes_on_only_where_it_may_stand(
    wire: Wire, status: bytes, length: bool
) -> None:
    """RFC 9110 section 8.6: never in 1xx and 204, where it would set the client waiting."""
    _, to_client = await wire.asks(HEAD)

    wire.endpoint[0].data_received(b"HTTP/1.1 %b X\r\nContent-Length: 5\r\n\r\n" % status)

    assert (b"Content-Length: 5" in to_client.take()) is length


async def test_an_unknown_class_of_status_goes_on(wire: Wire) -> None:
    """RFC 9110 section 15: a client treats it as a 5xx; the reason phrase may be missing."""
    _, to_client = await wire.asks(GET)

    wire.endpoint[0].data_received(b"HTTP/1.1 799\r\n" + EMPTY)

    assert to_client.take().startswith(b"HTTP/1.1 799 \r\n")
    assert wire.counted == {("ok", "799"): 1}
