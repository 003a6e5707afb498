"""The ring of `ring_hash` and `bounded_hash`."""

from zlib import crc32

import pytest

from balancer.core.algorithms.ring import MOST, POINTS, Ring
from balancer.core.endpoint import Endpoint
from tests.balancer.core.endpoints import endpoints


def test_points_are_chained_checksums() -> None:
    """The first is the CRC of host, NUL, port and four zeros; the next has the first in place of
    the zeros.
    """
    (one,) = pool = (Endpoint("a", "[::1]:8080"),)
    first = crc32(b"[::1]\x008080" + bytes(4))
    second = crc32(b"[::1]\x008080" + first.to_bytes(4, "little"))

    assert Ring(pool).owners == [one] * POINTS
    assert {first, second} <= set(Ring(pool)._points)


def test_each_weight_has_160_points() -> None:
    """So weight 3 has three times the points of weight 1."""
    pool = endpoints(1, 3)
    owners = Ring(pool).owners

    assert [owners.count(one) for one in pool] == [160, 480]


def test_a_ring_has_an_end() -> None:
    """Weights of 65535 do not freeze the balancer: all get fewer points, in proportion."""
    pool = endpoints(65535, 65535, 1, 32768)
    ring = Ring(pool)

    assert len(ring.owners) <= MOST
    assert ring.arcs(pool) == pytest.approx([0.4, 0.4, 0.0, 0.2], abs=0.01)
    assert ring.arcs(pool)[2] > 0


def test_a_key_beyond_the_last_point_belongs_to_the_first() -> None:
    """The ring closes."""
    ring = Ring(endpoints(1, 1, 1))
    keys = (str(i).encode() for i in range(100_000))
    beyond = next(key for key in keys if crc32(key) > ring._points[-1])

    assert ring.index(beyond) == 0
