"""The PROXY protocol, versions 1 and 2: who the client is, told by a peer in front of us.

Source: HAProxy's "The PROXY protocol", doc/proxy-protocol.txt, sections 2.1 and 2.2. A receiver
that expects the header must not guess: what does not begin with one is an error.
"""

import ipaddress
from dataclasses import dataclass

V1_LONGEST = 107
"""Octets of the longest version 1 line, CRLF included."""
V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
V2_FIXED = 16
LONGEST = V2_FIXED + 4096
"""Octets that we look at: version 2 allows 65,535 of extensions, which nobody sends."""


class NotProxyProtocol(Exception):
    """These octets are no PROXY protocol header; says how one sees it."""


@dataclass(frozen=True, slots=True)
class Preface:
    """A whole header: its length in octets, and the client's address, or None for the peer's own.

    None is LOCAL (version 2) or UNKNOWN (version 1): a health check by the peer itself.
    """

    length: int
    client: str | None


def read_preface(data: bytes) -> Preface | None:
    """The header at the beginning of `data`, None if more is needed; raises NotProxyProtocol."""
    if V2_SIGNATURE.startswith(data[: len(V2_SIGNATURE)]):
        return _version_2(data)
    if b"PROXY ".startswith(data[:6]):
        return _version_1(data)
    raise NotProxyProtocol("the connection does not begin with a PROXY protocol header")


def _version_1(data: bytes) -> Preface | None:
    line, end, _ = data.partition(b"\r\n")
    if not end:
        if len(data) >= V1_LONGEST:
            raise NotProxyProtocol("a version 1 line is longer than 107 octets")
        return None
    length = len(line) + 2
    words = line.decode("latin-1").split(" ")
    if length <= V1_LONGEST and words[1:2] == ["UNKNOWN"]:
        return Preface(length, None)
    family = {"TCP4": ipaddress.IPv4Address, "TCP6": ipaddress.IPv6Address}.get(
        words[1] if len(words) == 6 else ""
    )
    if family is None or length > V1_LONGEST:
        raise NotProxyProtocol("a version 1 line that is neither TCP4, TCP6 nor UNKNOWN")
    try:
        source, _ = family(words[2]), family(words[3])
    except ValueError as error:
        raise NotProxyProtocol(f"a version 1 line with a wrong address: {error}") from error
    if not all(port.isascii() and port.isdigit() and int(port) < 65536 for port in words[4:]):
        raise NotProxyProtocol("a version 1 line with a wrong port")
    return Preface(length, str(source))


def _version_2(data: bytes) -> Preface | None:
    if len(data) < V2_FIXED:
        return None
    version, command = data[12] >> 4, data[12] & 0x0F
    family = data[13]
    length = V2_FIXED + int.from_bytes(data[14:16], "big")
    if version != 2 or command > 1:
        raise NotProxyProtocol("a version 2 header with an unknown version or command")
    if length > LONGEST:
        raise NotProxyProtocol(f"a version 2 header longer than {LONGEST} octets")
    if len(data) < length:
        return None
    addresses = data[V2_FIXED:length]
    if command == 0:
        return Preface(length, None)
    if family == 0x11 and len(addresses) >= 12:
        return Preface(length, str(ipaddress.IPv4Address(addresses[:4])))
    if family == 0x21 and len(addresses) >= 36:
        return Preface(length, str(ipaddress.IPv6Address(addresses[:16])))
    raise NotProxyProtocol("a version 2 header that is not TCP over IPv4 or IPv6")
