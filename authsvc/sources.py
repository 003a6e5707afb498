"""Where a request comes from: the client's address, and how it is counted. No I/O.

A peer that the settings trust has seen the client; what any other peer writes into
`X-Forwarded-For` is its own invention, and is not read.
"""

import ipaddress
from collections.abc import Sequence

from authsvc.origin import Source

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_COUNTED_OF_IPV6 = 8  # bytes: a /64 is what one household gets, so its addresses are one source


def parsed(text: str) -> Source:
    """An address without its zone; IPv4 mapped into IPv6 is IPv4. Raises ValueError."""
    address = ipaddress.ip_address(text.strip().partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def trusts(networks: Sequence[Network], address: Source) -> bool:
    """Whether one of the networks holds this address."""
    return any(address in network for network in networks if network.version == address.version)


def client_of(peer: Source, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> Source:
    """The client: the rightmost address of `X-Forwarded-For` that is not itself trusted.

    Read from the right, since each proxy appends whom it saw; the left is what the client may have
    written. The peer stands if it is not trusted, or if an entry on the way is no address. Where
    everybody is trusted it is the leftmost, with whom the request began.
    """
    client = peer
    for entry in reversed(",".join(forwarded_for).split(",") if forwarded_for else []):
        if not trusts(trusted, client):
            return client
        try:
            client = parsed(entry)
        except ValueError:
            return peer
    return client


def counted(source: Source | None) -> bytes:
    """What is counted as one source: an IPv4 address, a /64 of IPv6. All unknown ones are one."""
    if source is None:
        return b""
    return source.packed[:_COUNTED_OF_IPV6] if source.version == 6 else source.packed
