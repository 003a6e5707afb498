"""RFC 9112 and 9110 case by case: what is refused, and what exactly reaches the endpoint.

Each row runs whole, octet by octet and in pieces of seven: splitting must not change the outcome.
"""

import re

import pytest

from tests.balancer.net.fakes import Wire

HOST = b"Host: a\r\n"
GET = b"GET / HTTP/1.1\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

REFUSED = [
    ("9112 2.2 bare LF", b"GET / HTTP/1.1\nHost: a\n\n", 400),
    ("9112 2.2 bare CR", GET + HOST + b"X: a\rb\r\n\r\n", 400),
    ("9112 2.2 space before the first field", GET + b" X: a\r\n" + HOST + b"\r\n", 400),
    ("9112 2.3 lower case", b"GET / http/1.1\r\n" + HOST + b"\r\n", 400),
    ("9112 2.3 no such version", b"GET / HTTP/1.2\r\n" + HOST + b"\r\n", 400),
    ("9112 2.3 another major", b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    ("9112 3 no version", b"GET /\r\n\r\n", 505),
    ("9112 3 three words", b"GET / / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("9112 3 a tab", b"GET\t/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("9112 3.1 no token", b"G@T / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("9112 3.2 no host", GET + b"\r\n", 400),
    ("9112 3.2 two hosts", GET + HOST + HOST + b"\r\n", 400),
    ("9112 3.2 a list of hosts", GET + b"Host: a, b\r\n\r\n", 400),
    ("9112 3.2 userinfo", GET + b"Host: u@a\r\n\r\n", 400),
    ("9112 3.2 a path in the host", GET + b"Host: a/b\r\n\r\n", 400),
    ("9112 3.2 two ports", GET + b"Host: a:1:2\r\n\r\n", 400),
    ("9112 3.2 a port that is no number", GET + b"Host: a:b\r\n\r\n", 400),
    ("9112 3.2 half a bracket", GET + b"Host: [::1\r\n\r\n", 400),
    ("9112 3.2 a space in the host", GET + b"Host: a b\r\n\r\n", 400),
    ("9112 3.2 a fragment", b"GET /x#y HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("9112 3.2 another scheme", b"GET ftp://a/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("9110 4.2.1 no host in the URI", b"GET http:///x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("9110 4.2.4 userinfo in the URI", b"GET http://u@a/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("9112 3.2.3 authority form", b"GET a:80 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("9110 9.3.6 CONNECT", b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 501),
    ("9112 3.2.4 asterisk without a route", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    ("9112 5.1 space before the colon", GET + HOST + b"X : 1\r\n\r\n", 400),
    ("9112 5.1 a name without a letter", GET + HOST + b": 1\r\n\r\n", 400),
    ("9112 5.1 no colon", GET + HOST + b"X\r\n\r\n", 400),
    ("9110 5.1 a name that is no token", GET + HOST + b"X(y): 1\r\n\r\n", 400),
    ("9112 5.2 folded", GET + HOST + b"X: 1\r\n 2\r\n\r\n", 400),
    ("9112 5.2 a folded host", GET + b"Host: a\r\n\tb\r\n\r\n", 400),
    ("9110 5.5 NUL", GET + HOST + b"X: a\0b\r\n\r\n", 400),
    ("9110 5.5 a control", GET + HOST + b"X: a\x01b\r\n\r\n", 400),
    ("9110 5.5 DEL", GET + HOST + b"X: a\x7fb\r\n\r\n", 400),
    ("9112 6.1 gzip inside", POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 400),
    ("9112 6.1 chunked not last", POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n", 400),
    ("9112 6.1 chunked twice", POST + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n", 400),
    ("9112 6.1 identity", POST + b"Transfer-Encoding: identity\r\n\r\n", 400),
    ("9112 6.1 nothing", POST + b"Transfer-Encoding:\r\n\r\n", 400),
    ("9112 6.1 in quotes", POST + b'Transfer-Encoding: "chunked"\r\n\r\n', 400),
    ("9112 6.1 with a parameter", POST + b"Transfer-Encoding: chunked;q=1\r\n\r\n", 400),
    ("9112 6.1 in HTTP/1.0", b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("9112 6.3 both", POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("9112 6.3 both, turned", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
     400),
    ("9112 6.3 two lengths", POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    ("9112 6.3 a list of lengths", POST + b"Content-Length: 1, 1\r\n\r\n", 400),
    ("9110 8.6 a sign", POST + b"Content-Length: +1\r\n\r\n", 400),
    ("9110 8.6 negative", POST + b"Content-Length: -1\r\n\r\n", 400),
    ("9110 8.6 hexadecimal", POST + b"Content-Length: 0x1\r\n\r\n", 400),
    ("9110 8.6 nothing", POST + b"Content-Length:\r\n\r\n", 400),
    ("9110 8.6 a space", POST + b"Content-Length: 1 1\r\n\r\n", 400),
    ("9110 8.6 2^64", POST + b"Content-Length: 18446744073709551616\r\n\r\n", 400),
    ("9110 8.6 over the limit", POST + b"Content-Length: 1048577\r\n\r\n", 413),
    ("6585 5 too many fields", GET + HOST + b"X: 1\r\n" * 101 + b"\r\n", 431),
    ("6585 5 too large at once", GET + HOST + b"X: " + b"a" * 33_000 + b"\r\n\r\n", 431),
    ("9112 9.3.2 h2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ("9110 7.8 upgrade with a body",
     POST + b"Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\n", 400),
    ("not HTTP: TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
]  # fmt: skip

STEPS = (1 << 20, 7, 1)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("request_", "status"), [(raw, status) for _, raw, status in REFUSED],
    ids=[section for section, _, _ in REFUSED],
)  # fmt: skip
async def test_refused(wire: Wire, request_: bytes, status: int, step: int) -> None:
    """Answered once, closed, counted; no endpoint hears of it."""
    client, to_client = wire.client()

    for at in range(0, len(request_), step):
        client.data_received(request_[at : at + step])
    await wire.settle()

    answer = to_client.take()
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 %d " % status) == 1
    assert b"Connection: close\r\n" in answer
    assert to_client.ended == "half-closed"
    assert wire.loop.opened == []
    assert wire.proxy.refused[status] == 1


BROKEN_CHUNKS = [
    b"zz\r\n", b" 1\r\nx", b"-1\r\nx", b"0x1\r\nx", b"1\nx\r\n", b"1\r\nxy\r\n", b"1\r\nx\n",
    b"fffffffffffffffff\r\n", b"\r\n", b"1 1\r\nx", b"1\r\nx\r\n0\r\nX : 1\r\n\r\n",
    b"1\r\nx\r\n0\r\nX: \0\r\n\r\n", b"1\r\nx\r\n0\r\nno colon\r\n\r\n",
    b"1\r\nx\r\n0\r\nT: " + b"a" * 40_000, b"1;" + b"e" * 40_000,
]  # fmt: skip


@pytest.mark.parametrize("step", [4096, 7, 1])
@pytest.mark.parametrize("chunks", BROKEN_CHUNKS, ids=[repr(one[:24]) for one in BROKEN_CHUNKS])
async def test_a_broken_chunk_is_never_completed(wire: Wire, chunks: bytes, step: int) -> None:
    """RFC 9112 section 7.1: 400, and the endpoint's connection ends before a last chunk."""
    client, to_client = await wire.asks(CHUNKED)

    for at in range(0, len(chunks), step):
        client.data_received(chunks[at : at + step])

    assert to_client.take().startswith(b"HTTP/1.1 400 ")
    assert to_client.ended == "half-closed"
    _, to_endpoint = wire.endpoint
    assert to_endpoint.ended == "aborted"
    assert not to_endpoint.take().endswith(b"0\r\n\r\n")


ACCEPTED = [
    ("9112 2.2 CRLF before the request", b"\r\n" + GET + HOST + b"\r\n", b"GET / HTTP/1.1", b"a",
     b"", b""),
    ("9112 2.3 HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1", b"", b"", b""),
    ("9112 3 two spaces", b"GET  /x  HTTP/1.1\r\n" + HOST + b"\r\n", b"GET /x HTTP/1.1", b"a",
     b"", b""),
    ("9112 3.2 an empty host", GET + b"Host:\r\n\r\n", b"GET / HTTP/1.1", b"", b"", b""),
    ("9112 3.2 a port", GET + b"Host: A.b:80\r\n\r\n", b"GET / HTTP/1.1", b"a.b:80", b"", b""),
    ("9112 3.2 IPv6", GET + b"Host: [::1]:80\r\n\r\n", b"GET / HTTP/1.1", b"[::1]:80", b"", b""),
    ("9112 3.2.2 absolute form", b"GET HTTP://Real/x?y HTTP/1.1\r\n" + HOST + b"\r\n",
     b"GET /x?y HTTP/1.1", b"real", b"", b""),
    ("9112 3.2.2 no path", b"GET http://real?y HTTP/1.1\r\n" + HOST + b"\r\n",
     b"GET /?y HTTP/1.1", b"real", b"", b""),
    ("9112 5.1 no space, many spaces", GET + b"Host: a \t\r\nX:1\r\nY:  2\r\n\r\n",
     b"GET / HTTP/1.1", b"a", b"X: 1\r\nY: 2\r\n", b""),
    ("9110 5.3 repeated, in order", GET + HOST + b"X: 1\r\nY: 2\r\nX: 3\r\n\r\n",
     b"GET / HTTP/1.1", b"a", b"X: 1\r\nY: 2\r\nX: 3\r\n", b""),
    ("9110 5.5 obs-text", GET + HOST + b"X: \xff\r\n\r\n", b"GET / HTTP/1.1", b"a",
     b"X: \xff\r\n", b""),
    ("9110 7.6.1 named by Connection", GET + HOST + b"Connection: x , close\r\nX: 1\r\n\r\n",
     b"GET / HTTP/1.1", b"a", b"", b""),
    ("9110 7.6.1 what Connection must not name",
     POST + b"Connection: host, content-length\r\nContent-Length: 1\r\n\r\nx",
     b"POST / HTTP/1.1", b"a", b"", b"Content-Length: 1\r\n\r\nx"),
    ("9110 8.6 a body of GET", GET + HOST + b"Content-Length: 1\r\n\r\nx",
     b"GET / HTTP/1.1", b"a", b"", b"Content-Length: 1\r\n\r\nx"),
    ("9110 8.6 an empty body", POST + b"Content-Length: 0\r\n\r\n",
     b"POST / HTTP/1.1", b"a", b"", b"Content-Length: 0\r\n\r\n"),
    ("9110 9.1 any method", b"PATCH / HTTP/1.1\r\n" + HOST + b"\r\n", b"PATCH / HTTP/1.1", b"a",
     b"", b""),
    ("9112 7 chunked, in capitals", POST + b"Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
     b"POST / HTTP/1.1", b"a", b"", b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("9112 7.1.2 trailers dropped", CHUNKED + b"0\r\nHost: evil\r\nX: 9\r\n\r\n",
     b"POST / HTTP/1.1", b"a", b"", b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
]  # fmt: skip

FORWARDING = re.compile(
    rb"(?:X-Forwarded-[A-Za-z]+|Forwarded|X-Request-Id|traceparent): [^\r\n]*\r\n"
)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("request_", "start", "host", "fields", "rest"), [row[1:] for row in ACCEPTED],
    ids=[row[0] for row in ACCEPTED],
)  # fmt: skip
async def test_accepted(
    wire: Wire, request_: bytes, start: bytes, host: bytes, fields: bytes, rest: bytes, step: int
) -> None:
    """The endpoint gets exactly this head, besides what we say of the client."""
    client, to_client = wire.client()

    for at in range(0, len(request_), step):
        client.data_received(request_[at : at + step])
    await wire.settle()

    assert to_client.take() == b""
    sent = wire.endpoint[1].take()
    assert len(FORWARDING.findall(sent)) == 6
    assert FORWARDING.sub(b"", sent) == (
        start + b"\r\n" + fields + b"Host: " + host + b"\r\n" + (rest or b"\r\n")
    )
