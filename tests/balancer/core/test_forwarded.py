"""Who the client is, by those who may be believed."""

import ipaddress

import pytest

from balancer.core.forwarded import appended, client_of, node, within

TRUSTED = [ipaddress.ip_network(one) for one in ("10.0.0.0/8", "fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        ("192.0.2.1", b"198.51.100.1", "192.0.2.1"),
        ("10.0.0.1", b"198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", b"6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", b"198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", b"198.51.100.1,10.0.0.3 ,\t10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", b"10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", b"198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", b"\xff", "10.0.0.1"),
        ("10.0.0.1", b"", "10.0.0.1"),
        ("10.0.0.1", b"[2001:db8::1]", "2001:db8::1"),
        ("fd00::1", b"2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", b"198.51.100.1", "198.51.100.1"),
    ],
)
def test_the_client_is_the_rightmost_whom_no_trusted_peer_stands_at(
    peer: str, told: bytes, client: str
) -> None:
    """What stands left of it may be its own invention; what is unreadable ends the search."""
    assert client_of(ipaddress.ip_address(peer), told, TRUSTED) == ipaddress.ip_address(client)


def test_networks_of_the_other_family_hold_nobody() -> None:
    """And no network at all holds nobody."""
    assert not within(ipaddress.ip_address("2001:db8::1"), TRUSTED)
    assert not within(ipaddress.ip_address("10.0.0.1"), [])


def test_nodes_and_lists_are_written_as_rfc_7239_has_them() -> None:
    """IPv6 in brackets and quotes; one more element stands at the end."""
    assert node(ipaddress.ip_address("192.0.2.1")) == b"192.0.2.1"
    assert node(ipaddress.ip_address("2001:db8::1")) == b'"[2001:db8::1]"'
    assert appended(b"a, b", b"c") == b"a, b, c"
    assert appended(None, b"c") == b"c"
