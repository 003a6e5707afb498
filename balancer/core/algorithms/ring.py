"""A ring of points, ketama, exactly as nginx lays it for `hash … consistent`."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from zlib import crc32

from balancer.core.endpoint import Endpoint

POINTS = 160
"""For each unit of weight: ketama's and nginx's."""

MOST = 1 << 18
"""Points in all, since laying them takes about a microsecond each. Above that, all endpoints get
half as many, or a quarter …: nginx would go on. By halves, so that a change of the set seldom
changes the rest."""

FULL_TURN = 1 << 32


class Ring:
    """Points of all endpoints in the order of their hashes, each owning the arc that leads to it.

    Source: nginx `ngx_http_upstream_init_chash` in ngx_http_upstream_hash_module.c.
    """

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        halvings = 0
        while POINTS * sum(endpoint.weight for endpoint in endpoints) >> halvings > MOST:
            halvings += 1
        count = len(endpoints)
        marked: list[int] = []  # point and endpoint in one number, which sorts faster than a tuple
        for i, endpoint in enumerate(endpoints):
            points = _points(endpoint.address, POINTS * endpoint.weight >> halvings or 1)
            marked += [point * count + i for point in points]
        marked.sort()
        self._points = [mark // count for mark in marked]
        self.owners = [endpoints[mark % count] for mark in marked]
        """Owners in the order of the points. Where two share one, the first of the file has it."""

    def index(self, key: bytes) -> int:
        """Where in `owners` the key falls: the first point at or after its hash."""
        found = bisect_left(self._points, crc32(key))
        return found if found < len(self._points) else 0

    def arcs(self, endpoints: Sequence[Endpoint]) -> list[float]:
        """The share of the ring that each endpoint owns: exactly its share of many keys."""
        owned = dict.fromkeys(endpoints, 0)
        before = self._points[-1] - FULL_TURN
        for point, owner in zip(self._points, self.owners, strict=True):
            owned[owner] += point - before
            before = point
        return [arc / FULL_TURN for arc in owned.values()]


def _points(address: str, count: int) -> Iterator[int]:
    """An endpoint's points: each is the CRC of host, NUL, port and the point before."""
    host, _, port = address.rpartition(":")
    begun = crc32(f"{host}\0{port}".encode())
    point = 0
    for _ in range(count):
        point = crc32(point.to_bytes(4, "little"), begun)
        yield point
