"""The PROXY protocol, octet by octet, from the tables of its specification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.core.proxy_protocol import (
    LONGEST,
    V2_SIGNATURE,
    NotProxyProtocol,
    Preface,
    read_preface,
)

IPV4 = bytes([198, 51, 100, 1, 192, 0, 2, 1, 0x30, 0x39, 0, 80])
IPV6 = bytes.fromhex("20010db8000000000000000000000001") * 2 + bytes([0x30, 0x39, 0, 80])
TLV = b"\x04\x00\x03abc"


def v2(command: int, family: int, rest: bytes) -> bytes:
    """A version 2 header."""
    return V2_SIGNATURE + bytes([0x20 | command, family]) + len(rest).to_bytes(2, "big") + rest


HEADERS = [
    (b"PROXY TCP4 198.51.100.1 192.0.2.1 12345 80\r\n", "198.51.100.1"),
    (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255"),
    (b"PROXY TCP6 2001:db8::1 2001:db8::2 12345 80\r\n", "2001:db8::1"),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None),
    (v2(1, 0x11, IPV4), "198.51.100.1"),
    (v2(1, 0x21, IPV6), "2001:db8::1"),
    (v2(1, 0x11, IPV4 + TLV), "198.51.100.1"),
    (v2(0, 0x00, b""), None),
    (v2(0, 0x11, IPV4 + TLV), None),
    (v2(1, 0x11, IPV4 + b"\0" * (LONGEST - 28)), "198.51.100.1"),
]


@pytest.mark.parametrize(("header", "client"), HEADERS)
def test_a_header_is_read_exactly(header: bytes, client: str | None) -> None:
    """Its length and its client; what follows is not looked at."""
    assert read_preface(header) == Preface(len(header), client)
    assert read_preface(header + b"GET / HTTP/1.1\r\n\r\n") == Preface(len(header), client)


@pytest.mark.parametrize("header", [one for one, _ in HEADERS])
def test_a_header_cut_anywhere_needs_more(header: bytes) -> None:
    """Nothing is decided before it is whole."""
    for at in range(0, len(header), max(1, len(header) // 200)):
        assert read_preface(header[:at]) is None


@pytest.mark.parametrize(
    "wrong",
    [
        b"GET / HTTP/1.1\r\n\r\n", b"proxy TCP4 ", b"PROXY\tTCP4", b"\r\n\r\n\0\r\nQUIT\r",
        b"PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n", b"PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n",
        b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", b"PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n",
        b"PROXY TCP4 ::1 ::1 1 2\r\n", b"PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n",
        b"PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n", b"PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n",
        b"PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n", b"PROXY TCP4 1.1.1.1 2.2.2.2 1 \r\n",
        b"PROXY TCP4 1.1.1.1 2.2.2.2 1 \xb2\r\n", b"PROXY \r\n", b"PROXY UNKNOWN " + b"x" * 100,
        b"PROXY UNKNOWN " + b"x" * 100 + b"\r\n",
        V2_SIGNATURE + b"\x11\x11\0\x0c" + IPV4, V2_SIGNATURE + b"\x22\x11\0\x0c" + IPV4,
        v2(1, 0x12, IPV4), v2(1, 0x31, b"\0" * 216), v2(1, 0x11, IPV4[:11]), v2(1, 0x21, IPV6[:35]),
        V2_SIGNATURE + b"\x21\x11\xff\xff",
    ],
)  # fmt: skip
def test_what_is_no_header_is_an_error(wrong: bytes) -> None:
    """A receiver that expects the header must not guess."""
    with pytest.raises(NotProxyProtocol):
        read_preface(wrong)


@given(st.binary(max_size=300), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", V2_SIGNATURE]))
def test_any_octets_have_one_of_three_meanings(rest: bytes, start: bytes) -> None:
    """A header within what came, more to come, or none; no other exception."""
    try:
        preface = read_preface(start + rest)
    except NotProxyProtocol:
        return
    assert preface is None or 0 < preface.length <= len(start + rest)
