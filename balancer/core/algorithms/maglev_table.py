"""How Maglev's table is laid: a pure function of addresses and weights."""

from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, repeat
from math import ceil, gcd

from xxhash import xxh64_intdigest

SIZE = 65_537
"""Places in the table, a prime: the paper's smaller one, and Envoy's default."""

FEW = 10
"""When so few places are left, for each endpoint one in so many, walking is given up."""


@lru_cache(maxsize=8)
def lay(addresses: tuple[str, ...], weights: tuple[int, ...]) -> Sequence[int]:
    """Who has each place, by index into `addresses`.

    Each endpoint walks through all places in an order of its own; they take turns (by weight), each
    claiming the next place of its order that is free. Remembered, since it stalls the event loop
    for 25 to 40 ms, and an endpoint that went mostly comes back.
    """
    order = sorted(range(len(addresses)), key=lambda i: addresses[i].encode())
    walks = [_Walk(addresses[i]) for i in order]
    turns = _turns([weights[i] for i in order])
    table: list[int | None] = [None] * SIZE
    # Towards the end nearly every place that a walk comes to is taken: half of all steps would be
    # for the last hundred places. So those that are left are put into each walk's order instead.
    left = SIZE // (FEW * len(order))
    _claim_walking(table, walks, turns[: SIZE - left])
    _claim_sorted(table, walks, turns[SIZE - left :])
    return array("H", [order[i] for i in table if i is not None])


class _Walk:
    """An endpoint's order of all places: from its offset in steps of its skip."""

    def __init__(self, address: str) -> None:
        name = address.encode()
        self.place = xxh64_intdigest(name) % SIZE
        self.step = xxh64_intdigest(name, 1) % (SIZE - 1) + 1

    def ordered(self, places: Sequence[int]) -> Iterator[int]:
        """These places in the order in which the walk comes to them from where it is."""
        place, step = self.place, self.step
        back = pow(step, -1, SIZE)
        return (
            (place + steps * step) % SIZE
            for steps in sorted([(one - place) * back % SIZE for one in places])
        )


def _turns(weights: Sequence[int]) -> list[int]:
    """Whose turn it is, for each of the table's places.

    In round t whoever has t · weight ≥ target has a turn, which raises his target by the heaviest
    weight; so the heaviest has one in each round. Worked out in whole numbers, but where both sides
    are equal Envoy's floats decide, by their last bit, so there we add and multiply as it does.
    """
    count = len(weights)
    if len(set(weights)) == 1:
        return (list(range(count)) * ceil(SIZE / count))[:SIZE]
    heaviest, total = max(weights), sum(weights)
    rounds = ceil(SIZE * heaviest / total) + 1
    due: list[int] = []  # round and endpoint in one number, which sorts faster than a tuple
    for i, weight in enumerate(weights):
        if weight == heaviest:
            due += range(count + i, count * (rounds + 1), count)
            continue
        turns = rounds * weight // heaviest + 1
        own = [1, *[-(-target // weight) for target in range(heaviest, heaviest * turns, heaviest)]]
        targets = [0.0, *accumulate(repeat(heaviest / total, turns - 1))]
        equal = weight // gcd(weight, heaviest)
        share = weight / total
        own[equal::equal] = [
            turn + (turn * share < target)
            for turn, target in zip(own[equal::equal], targets[equal::equal], strict=True)
        ]
        due += [count * one + i for one in own]
    due.sort()
    return [one % count for one in due[:SIZE]]


def _claim_walking(table: list[int | None], walks: Sequence[_Walk], turns: Sequence[int]) -> None:
    places = [walk.place for walk in walks]
    steps = [walk.step for walk in walks]
    for i in turns:
        place, step = places[i], steps[i]
        while table[place] is not None:
            place += step
            if place >= SIZE:
                place -= SIZE
        table[place] = i
        places[i] = place
    for walk, place in zip(walks, places, strict=True):
        walk.place = place


def _claim_sorted(table: list[int | None], walks: Sequence[_Walk], turns: Sequence[int]) -> None:
    free = [place for place, who in enumerate(table) if who is None]
    ahead = [walk.ordered(free) for walk in walks]
    for i in turns:
        for place in ahead[i]:
            if table[place] is None:
                table[place] = i
                break
