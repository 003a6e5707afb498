"""Any bytes that a client can send: never a server error, and never a broken log line."""

import json
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.authsvc.conftest import apart, until_true
from tests.authsvc.service import Process, process

pytestmark = pytest.mark.live

EXAMPLES = 200
OFTEN = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PATHS = ["/v1/users", "/v1/sessions", "/v1/sessions/current", "/v1/whoami", "/admin/audit"]
METHODS = [b"GET", b"POST", b"DELETE", b"PUT", b"HEAD", b"OPTIONS"]
NAMES = [
    *("Authorization", "Content-Type", "Content-Encoding", "Transfer-Encoding", "Expect"),
    *("X-Request-Id", "X-Forwarded-For", "traceparent", "User-Agent", "Cookie", "Accept"),
]
VALUES = [
    *(b"application/json", b"Bearer ats_", b"chunked", b"gzip", b"100-continue", b"Bearer \xff"),
    *(b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01", b"\xe2\x80\xa8", b"a" * 9000),
]
JSON = [
    *(b'{"login": "\\ud800", "password": "\\u0000"}', b'{"login": 1e999, "password": []}'),
    *(b'{"login": "user0001", "password": "' + b"\xff" * 9 + b'"}', b"[" * 900, b"nul", b"{}"),
    b'{"login": "a\\nb", "login": "c", "password": "' + b"p" * 5000 + b'"}',
]

UNPACKED = b"HEAD / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
"""aiohttp would unpack this body after the answer, and log the failure as an error."""


@pytest.fixture(scope="module")
def running(database: str) -> Iterator[Process]:
    """One instance that logs all it can, and is well at the end."""
    with process(database, "--log-level", "debug") as started:
        apart(until_true(started.ready))
        yield started
        apart(until_true(started.ready))


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """HTTP in shape, and anything inside; most of them such that a parser lets them through."""
    wild = draw(st.integers(0, 3)) == 0
    anything = st.binary(max_size=60)
    if not wild:
        anything = anything.map(lambda some: re.sub(rb"[\x00-\x1f\x7f]", b"?", some))
    methods, names = st.sampled_from(METHODS), st.sampled_from(NAMES).map(str.encode)
    values = st.one_of(st.sampled_from(VALUES), anything)
    body = draw(st.one_of(st.sampled_from(JSON), anything))
    lengths = [str(len(body)).encode()]
    if wild:
        methods = methods | st.binary(min_size=1, max_size=8)
        names, lengths = names | anything, [*lengths, b"0", b"-1", b"9" * 30]
    target = draw(st.sampled_from(PATHS).map(str.encode) | anything.map(b"/".__add__))
    headers = draw(st.lists(st.tuples(names, values), max_size=4, unique_by=lambda it: it[0]))
    if not wild:
        parsed = (b"Transfer-Encoding", b"Content-Type")
        headers = [header for header in headers if header[0] not in parsed]
        headers.append((b"Content-Type", b"application/json"))
    length = draw(st.sampled_from(lengths))
    lines = [
        b" ".join((draw(methods), target if wild else target.replace(b" ", b"+"), b"HTTP/1.1")),
        *(b": ".join(header) for header in [(b"Content-Length", length), *headers]),
        *(b"Host: x", b"Connection: close", b"", body),
    ]
    return b"\r\n".join(lines)


def answers(url: str, sent: bytes) -> list[int]:
    """Send, say that nothing follows, and give the statuses of what comes back."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
        received = b""
        try:
            connection.sendall(sent)
            connection.settimeout(0.3)  # an answer comes at once, or none to a request half sent
            while more := connection.recv(65536):
                received += more
        except (TimeoutError, ConnectionError):
            pass  # it waits for the rest, or has hung up on us
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", received)]


@OFTEN
@given(sent=requests(), listener=st.sampled_from(["service", "private", "admin"]))
@example(sent=b"POST /v1/sessions HTTP/1.1\r\nContent-Length: 1\r\n\r\n{", listener="service")
@example(sent=b"GET /v1/whoami HTTP/1.1\r\nX-Request-Id: a\nb\r\n\r\n", listener="service")
@example(sent=UNPACKED, listener="service")
def test_bytes_in_the_shape_of_requests(running: Process, sent: bytes, listener: str) -> None:
    """Answered with what the client did wrong, or not at all; 503 only for what waits."""
    assert not [status for status in answers(running.urls[listener], sent) if status >= 500]


@pytest.mark.parametrize("expected", [b"gold", b"\xeek"])
def test_what_cannot_be_expected(running: Process, expected: bytes) -> None:
    """417, also in bytes that are no text, with which aiohttp's own refusal breaks."""
    head = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: "
    assert answers(running.urls["service"], head + expected + b"\r\n\r\n") == [417]


@OFTEN
@given(sent=st.binary(min_size=1, max_size=300))
def test_bytes_without_shape(running: Process, sent: bytes) -> None:
    """The same."""
    assert not [s for s in answers(running.urls["service"], sent + b"\r\n\r\n") if s >= 500]


def test_each_log_line_is_one_object(running: Process) -> None:
    """Of all that the tests before this one made it write; none tells of an accident."""
    lines = list(running.lines)
    told = [json.loads(line) for line in lines]
    assert len(told) > EXAMPLES / 10  # not all of it was turned away by the parser
    assert all(isinstance(line, dict) and line["instance"] == "auth-1" for line in told)
    assert all(line.isascii() and line.decode().rstrip("\n").isprintable() for line in lines)
    assert not [line for line in told if line["level"] == "error"]
