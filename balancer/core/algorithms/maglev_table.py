"""How Maglev's table is laid: a pure function of addresses and weights."""

from array import array
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice

from xxhash import xxh64_intdigest

from balancer.core.algorithms.maglev_turns import turns_of

SIZE = 65_537
"""Places in the table, a prime: the paper's smaller one, and Envoy's default."""

FEW = 10
"""When so few places are left, for each endpoint one in so many, walking is given up."""

PART = 64
"""A step claims one in so many of the places that are left: at first that is many claims, late it
is few, each of which has long to walk. Either takes some tenths of a millisecond."""

REMEMBERED = 8
"""Tables of late, 128 KiB each: an endpoint that went mostly comes back."""

_laid: dict[tuple[tuple[str, ...], tuple[int, ...]], Sequence[int]] = {}


def lay(addresses: tuple[str, ...], weights: tuple[int, ...]) -> Sequence[int]:
    """Who has each place, by index into `addresses`; at once if it is remembered."""
    for _ in steps(addresses, weights):
        pass
    return _laid[addresses, weights]


def forget() -> None:
    """Remember no table: for measurements."""
    _laid.clear()


def steps(addresses: tuple[str, ...], weights: tuple[int, ...]) -> Iterator[None]:
    """Lay a table in small steps, the longest of about 2 ms, so that `lay` has it at once then.

    Each endpoint walks through all places in an order of its own; they take turns (by weight), each
    claiming the next place of its order that is free.
    """
    laid = _laid.pop((addresses, weights), None)
    if laid is None:
        laid = yield from _steps(addresses, weights)
    while len(_laid) >= REMEMBERED:
        del _laid[next(iter(_laid))]  # the one that was asked for longest ago
    _laid[addresses, weights] = laid


def _steps(
    addresses: Sequence[str], weights: Sequence[int]
) -> Generator[None, None, Sequence[int]]:
    order = sorted(range(len(addresses)), key=lambda i: addresses[i].encode())
    turns = yield from turns_of(order, weights, SIZE)
    walks = _Walks(addresses)
    left, few = SIZE, SIZE // (FEW * len(addresses))
    while left > few:
        part = min(left - few, left // PART + 1)
        walks.claim(islice(turns, part))
        left -= part
        yield
    yield from walks.claim_last(islice(turns, left))
    return array("H", walks.table)  # type: ignore[arg-type] # none of its places is None any more


class _Walks:
    """Each endpoint's order of all places: from where it is, in strides of its own."""

    def __init__(self, addresses: Sequence[str]) -> None:
        names = [address.encode() for address in addresses]
        self.table: list[int | None] = [None] * SIZE
        self._places = [xxh64_intdigest(name) % SIZE for name in names]
        self._strides = [xxh64_intdigest(name, 1) % (SIZE - 1) + 1 for name in names]

    def claim(self, turns: Iterable[int]) -> None:
        """For each turn, the next place in that endpoint's order that is free."""
        table, places, strides, size = self.table, self._places, self._strides, SIZE
        for i in turns:
            place = places[i]
            if table[place] is not None:
                stride = strides[i]
                while table[place] is not None:
                    place += stride
                    if place >= size:
                        place -= size
                places[i] = place
            table[place] = i

    def claim_last(self, turns: Iterable[int]) -> Iterator[None]:
        """The same for the last few places, which nearly all steps of a walk would miss.

        Half of all steps would be for the last hundred of them. So they are put into the order in
        which each walk comes to them instead.
        """
        free = [place for place, who in enumerate(self.table) if who is None]
        yield
        ahead = []
        for place, stride in zip(self._places, self._strides, strict=True):
            back = pow(stride, -1, SIZE)
            strides = sorted([(one - place) * back % SIZE for one in free])
            ahead.append(iter([(place + count * stride) % SIZE for count in strides]))
            yield
        for i in turns:
            for place in ahead[i]:
                if self.table[place] is None:
                    self.table[place] = i
                    break
