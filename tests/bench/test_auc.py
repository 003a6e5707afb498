"""The AUC and its interval."""

import random

import pytest

from bench.auc import auc


def test_what_lies_apart_is_told() -> None:
    """Completely, and in which direction."""
    low, high = [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]
    assert auc(high, low) == (1.0, 1.0, 1.0)
    assert auc(low, high).value == 0.0
    assert auc(high, low).tells


def test_ties_count_half() -> None:
    """Equal values tell nothing."""
    assert auc([1.0, 1.0], [1.0, 1.0]).value == 0.5
    assert auc([1.0, 2.0], [1.0, 1.0]).value == pytest.approx(0.75)


def test_the_interval_is_delongs() -> None:
    """Against the formula written out for a small case."""
    ones, others = [1.0, 3.0, 5.0, 6.0], [2.0, 4.0, 0.0]
    over = [sum(b < a for b in others) / 3 for a in ones]
    under = [sum(a < b for a in ones) / 4 for b in others]

    def spread(values: list[float]) -> float:
        centre = sum(values) / len(values)
        return sum((value - centre) ** 2 for value in values) / (len(values) - 1)

    error = (spread(over) / 4 + spread(under) / 3) ** 0.5
    found = auc(ones, others)
    assert found.value == pytest.approx(sum(over) / 4)
    assert found.low == pytest.approx(max(0, found.value - 1.959964 * error))


def test_it_covers_chance_as_often_as_it_says() -> None:
    """Of 400 comparisons of equals about 5 % say otherwise."""
    dice = random.Random(7)
    wrong = sum(
        auc([dice.random() for _ in range(60)], [dice.random() for _ in range(60)]).tells
        for _ in range(400)
    )
    assert 8 <= wrong <= 34


def test_more_comparisons_make_wider_intervals() -> None:
    """And few values are no proof of anything."""
    dice = random.Random(8)
    ones, others = ([dice.random() for _ in range(2000)] for _ in range(2))
    one, twenty = auc(ones, others), auc(ones, others, comparisons=20)
    assert twenty.low < one.low < one.high < twenty.high
    assert auc(ones, others).tells_nothing
    assert not auc(ones[:20], others[:20]).tells_nothing
