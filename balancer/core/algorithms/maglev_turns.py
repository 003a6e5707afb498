"""Whose turn it is to claim a place of Maglev's table: a pure function of the weights."""

from collections.abc import Generator, Iterator, Sequence
from itertools import accumulate, chain, repeat
from math import gcd

MOST = 1000
"""Kinds of rounds that are remembered: more only come up if hundreds of weights all differ."""


def turns_of(
    order: Sequence[int], weights: Sequence[int], count: int
) -> Generator[None, None, Iterator[int]]:
    """At least `count` turns, by index into `weights`; worked out in small steps.

    In round t all those of `order` have a turn whose t · weight ≥ target, and that raises their
    target by the heaviest weight; so the heaviest has one in each round.
    """
    heaviest, total = max(weights), sum(weights)
    rounds = count * heaviest // total + 2
    kinds = {weight: place for place, weight in enumerate(sorted(set(weights)))}
    targets = [0.0, *accumulate(repeat(heaviest / total, rounds if len(kinds) > 1 else 0))]
    columns = []
    for weight in kinds:
        columns.append(_rounds(weight, heaviest, total, targets, rounds))
        yield
    who = _Round(order, [kinds[weight] for weight in weights])
    return chain.from_iterable(map(who.__getitem__, zip(*columns, strict=True)))


def _rounds(
    weight: int, heaviest: int, total: int, targets: Sequence[float], rounds: int
) -> bytearray:
    """1 for each round in which a weight has a turn, the first round first.

    Turn k is in the first round t with t · weight ≥ k · heaviest. That repeats itself, and is
    worked out in whole numbers. But where both sides are equal Envoy's floats decide, by their last
    bit, so there we add (the targets) and multiply as it does.
    """
    common = gcd(weight, heaviest)
    turns, period = weight // common, heaviest // common
    if period == 1:
        return bytearray(b"\1") * rounds
    share = weight / total
    has = bytearray(rounds + 2)
    has[1] = 1
    for turn in range(1, min(turns, rounds)):
        first = -(-turn * period // turns)
        has[first::period] = b"\1" * len(range(first, rounds + 2, period))
    for again, equal in enumerate(range(period, rounds + 1, period), start=1):
        has[equal + (equal * share < targets[again * turns])] = 1
    return has[1 : rounds + 1]


class _Round(dict[tuple[int, ...], list[int]]):
    """Who has a turn in a round, in their order, by which of the weights have one."""

    def __init__(self, order: Sequence[int], kinds: Sequence[int]) -> None:
        """`kinds` tells for each endpoint where in the key its weight stands."""
        self._order = order
        self._kinds = kinds

    def __missing__(self, key: tuple[int, ...]) -> list[int]:
        found = [i for i in self._order if key[self._kinds[i]]]
        if len(self) < MOST:
            self[key] = found
        return found
