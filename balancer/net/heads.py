"""Message heads: which fields go on, which end here, and the bytes of what we say ourselves.

Nothing is copied blindly: a head is taken apart and serialised anew, so that the endpoint and we
cannot frame one message in two ways (RFC 9112 section 11.2).
"""

import json
from http import HTTPStatus

HOP_BY_HOP = frozenset(
    [
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    ]
)
"""Fields that speak of one connection only and end here (RFC 9110 section 7.6.1)."""

Lines = list[bytes]
"""Header fields in order, flat: name, `: `, value, CRLF, name, … ready for one join."""


class Refusal(Exception):
    """A request that we will not pass on: the status to answer, and why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def nominated(connection: bytes) -> frozenset[bytes]:
    """The field names that a Connection field says are for this hop only, in lower case."""
    return frozenset(part.strip().lower() for part in connection.split(b","))


def without(lines: Lines, names: frozenset[bytes]) -> Lines:
    """The lines of the fields whose names (in lower case) are not among `names`."""
    kept: Lines = []
    for i in range(0, len(lines), 4):
        if lines[i].lower() not in names:
            kept += lines[i : i + 4]
    return kept


def status_line(code: int) -> bytes:
    """`HTTP/1.1 503 Service Unavailable` and CRLF, for any code from 100 to 999."""
    return STATUS_LINES.get(code) or b"HTTP/1.1 %d \r\n" % code


STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


def own_answer(code: int, detail: str, request_id: bytes, *, close: bool) -> bytes:
    """A whole answer of the balancer's own, as problem+json (RFC 9457).

    A 503 carries Retry-After (RFC 9110 section 10.2.3): one second, since that is how soon a probe
    or a reload can change what made us say no.
    """
    body = json.dumps({"status": code, "title": HTTPStatus(code).phrase, "detail": detail}).encode()
    return b"".join(
        [
            status_line(code),
            b"Content-Type: application/problem+json\r\n",
            b"Content-Length: %d\r\n" % len(body),
            b"X-Request-Id: " + request_id + b"\r\n" if request_id else b"",
            b"Retry-After: 1\r\n" if code == 503 else b"",
            b"Connection: close\r\n" if close else b"",
            b"\r\n",
            body,
        ]
    )
