"""Which part of a request a hash gets to see."""

import pytest

from tests.balancer.net.fakes import Wire

ONE = """\
listen: 127.0.0.1:8080
routes: [{pool: auth}]
pools:
  - name: auth
    key: %s
    endpoints: [{address: "127.0.0.1:9001"}]
"""
SOURCE = bytes([192, 0, 2, 7])


@pytest.mark.parametrize(
    ("key", "head", "expected"),
    [
        ("source", b"", SOURCE),
        ("path", b"", b"/a"),
        ("header:X-User", b"x-user: alice\r\n", b"alice"),
        ("header:x-user", b"X-User: alice\r\nX-User: bob\r\n", b"alice"),
        ("header:host", b"", b"h"),
        ("cookie:sid", b"Cookie: a=1; sid=42\r\n", b"42"),
        ("header:X-User", b"", SOURCE),
        ("cookie:sid", b"Cookie: a=1\r\n", SOURCE),
    ],
)
async def test_the_key_is_taken_from_the_request(key: str, head: bytes, expected: bytes) -> None:
    """Where the request has none of it, its source counts, so that those are not all one key."""
    wire = Wire(ONE % key)
    client, _ = wire.client()

    client.data_received(b"GET /a?b HTTP/1.1\r\nHost: h\r\n" + head + b"\r\n")
    (exchange,) = wire.proxy.exchanges

    assert exchange.key == expected
    await wire.settle()
