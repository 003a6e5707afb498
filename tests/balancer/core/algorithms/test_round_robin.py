"""Smooth weighted round robin: nginx's order."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from balancer.core.algorithms.round_robin import RoundRobin
from tests.balancer.core.endpoints import endpoints


def order(weights: list[int], picks: int) -> str:
    """The names in the order in which they are picked."""
    picker = RoundRobin(endpoints(*weights), Random(1))
    return "".join(picker.pick(b"").name for _ in range(picks))


def test_is_smooth() -> None:
    """Weights 5, 1, 1 interleave as nginx documents it, instead of five in a row."""
    assert order([5, 1, 1], 14) == "aabacaaaabacaa"


def test_equal_weights_take_turns() -> None:
    """With equal weights, whatever they are, it is the plain order of the file."""
    assert order([7, 7, 7], 7) == "abcabca"


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_each_cycle_is_exact(weights: list[int]) -> None:
    """In every cycle of as many picks as the weights' sum, each gets exactly its weight."""
    names = Counter(order(weights, sum(weights)))

    assert [names[chr(ord("a") + i)] for i in range(len(weights))] == weights
