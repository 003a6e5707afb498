"""Whose address a request counts for."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as some

from authsvc.sources import client_of, counted, parsed

BALANCER = ip_address("10.0.0.5")
TRUSTED = (ip_network("10.0.0.0/24"), ip_network("fd00::/64"))
ADDRESSES = some.ip_addresses().map(str)


@pytest.mark.parametrize(
    ("told", "client"),
    [
        ([], "10.0.0.5"),
        (["203.0.113.7"], "203.0.113.7"),
        (["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        (["198.51.100.1", "203.0.113.7, 10.0.0.9"], "203.0.113.7"),
        ([" 2001:db8::1 , fd00::9"], "2001:db8::1"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["10.0.0.7, 10.0.0.9"], "10.0.0.7"),
        (["not an address"], "10.0.0.5"),
        ([""], "10.0.0.5"),
        (["203.0.113.7, unknown"], "10.0.0.5"),
        (["unknown, 203.0.113.7"], "203.0.113.7"),
    ],
)
def test_a_trusted_peer_says_who_the_client_is(told: list[str], client: str) -> None:
    """The rightmost address that is not trusted; the peer where that cannot be read."""
    assert client_of(BALANCER, told, TRUSTED) == ip_address(client)


@given(some.lists(some.one_of(some.text(), ADDRESSES)))
def test_what_an_untrusted_peer_says_changes_nothing(told: list[str]) -> None:
    """Whatever it is."""
    peer = ip_address("203.0.113.7")
    assert client_of(peer, told, TRUSTED) == peer
    assert client_of(peer, told, ()) == peer


@given(some.lists(some.one_of(some.text(), ADDRESSES)), some.ip_addresses())
def test_a_client_cannot_choose_its_address(told: list[str], client: IPv4Address) -> None:
    """Whatever it sends stands to the left of what the balancer saw."""
    seen = parsed(str(client))
    if not any(seen in network for network in TRUSTED if network.version == seen.version):
        assert client_of(BALANCER, [*told, str(client)], TRUSTED) == seen


def test_a_household_is_one_source() -> None:
    """A /64 of IPv6, one address of IPv4."""
    assert counted(IPv6Address("2001:db8::1")) == counted(IPv6Address("2001:db8::ffff:2"))
    assert counted(IPv6Address("2001:db8::1")) != counted(IPv6Address("2001:db8:0:1::1"))
    assert counted(IPv4Address("192.0.2.1")) != counted(IPv4Address("192.0.2.2"))
    assert parsed("fe80::1%eth0") == IPv6Address("fe80::1")
