"""Who the client is, and what the endpoint is told of it.

A peer that the configuration trusts has seen the client; what any other peer says about that is
its own invention, and is dropped.
"""

import ipaddress
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def within(address: Address, networks: Sequence[Network]) -> bool:
    """Whether one of the networks holds this address; IPv4 mapped into IPv6 counts as IPv4."""
    mapped = getattr(address, "ipv4_mapped", None)
    plain = mapped or address
    return any(plain in network for network in networks if network.version == plain.version)


def client_of(peer: Address, forwarded_for: bytes, trusted: Sequence[Network]) -> Address:
    """The client: the rightmost address in X-Forwarded-For that no trusted peer stands at.

    Read from the right, since each proxy appends whom it saw; the left is what the client itself
    may have written. An unreadable entry ends the search at the last address that could be read.
    """
    client = peer
    for entry in reversed(forwarded_for.split(b",")):
        if not within(client, trusted):
            return client
        try:
            client = ipaddress.ip_address(entry.strip().decode("ascii").strip("[]"))
        except (ValueError, UnicodeDecodeError):
            return client
    return client


def node(address: Address) -> bytes:
    """An address as RFC 7239 section 6 writes it: IPv6 in brackets and quotes."""
    return f'"[{address}]"'.encode() if address.version == 6 else str(address).encode()


def appended(before: bytes | None, element: bytes) -> bytes:
    """A list field with one more element at its end."""
    return before + b", " + element if before else element
