"""Source hash: nginx's ip_hash."""

from random import Random

import pytest

from balancer.core.algorithms.source_hash import SourceHash
from tests.balancer.core.endpoints import build, endpoints


def test_a_client_stays_with_its_endpoint() -> None:
    """The same address is always sent to the same endpoint."""
    picker = build(SourceHash, endpoints(1, 1, 1))

    assert len({picker.pick(bytes([192, 0, 2, 7])) for _ in range(20)}) == 1


def test_a_whole_slash_24_shares_one_endpoint() -> None:
    """As in nginx, the fourth octet does not count: an office behind one /24 is one client."""
    picker = build(SourceHash, endpoints(1, 1, 1, 1, 1))

    assert len({picker.pick(bytes([192, 0, 2, host])) for host in range(256)}) == 1


def test_the_hash_is_nginx() -> None:
    """89, then ×113 + octet mod 6271 for three octets; worked out by hand for 127.0.0.1."""
    value = 89
    for octet in (127, 0, 0):
        value = (value * 113 + octet) % 6271
    pool = endpoints(1, 1, 1)

    assert build(SourceHash, pool).pick(bytes([127, 0, 0, 1])) is pool[value % 3]


def test_weights_beyond_the_hash_are_never_reached() -> None:
    """The hash ends at 6271, so with weight 10000 each the second endpoint gets nobody."""
    pool = endpoints(10_000, 10_000)
    picker = build(SourceHash, pool)

    assert {picker.pick(bytes([10, i, j, 1])).name for i in range(40) for j in range(40)} == {"a"}


def test_ipv6_counts_every_octet() -> None:
    """Two IPv6 clients that differ in the last octet can have different endpoints."""
    picker = build(SourceHash, endpoints(1, 1, 1))

    assert len({picker.pick(bytes(15) + bytes([last])) for last in range(50)}) == 3


def test_shares_tell_what_weights_beyond_the_hash_do() -> None:
    """5000 each: 79.7 %, 20.3 % and nothing, as nginx does with it."""
    shares = SourceHash.shares(endpoints(5000, 5000, 5000))

    assert shares == [5000 / 6271, 1271 / 6271, 0.0]


def test_shares_are_those_of_the_picks() -> None:
    """Counted over many networks, where the last round of the weights is not whole."""
    pool = endpoints(3000, 2000, 1000)
    picker = build(SourceHash, pool)
    dice = Random(1)
    picks = [picker.pick(dice.randbytes(4)) for _ in range(30_000)]

    counted = [picks.count(one) / len(picks) for one in pool]
    assert counted == pytest.approx(SourceHash.shares(pool), abs=0.01)
    assert counted[0] == pytest.approx(0.52, abs=0.01)
