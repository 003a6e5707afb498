"""Smooth weighted round robin: nginx's order."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from balancer.core.algorithms.round_robin import RoundRobin
from tests.balancer.core.endpoints import build, endpoints


def order(weights: list[int], picks: int) -> str:
    """The names in the order in which they are picked."""
    picker = build(RoundRobin, endpoints(*weights))
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


@given(st.lists(st.integers(1, 12), min_size=1, max_size=8))
def test_what_is_remembered_is_what_would_be_worked_out(weights: list[int]) -> None:
    """Three cycles, from memory after the first, are three times nginx's arithmetic."""
    total, current, worked_out = sum(weights), [0] * len(weights), ""
    for _ in range(3 * total):
        current = [now + weight for now, weight in zip(current, weights, strict=True)]
        best = current.index(max(current))
        current[best] -= total
        worked_out += chr(ord("a") + best)

    assert order(weights, 3 * total) == worked_out


def test_a_cycle_too_long_to_remember_goes_on() -> None:
    """With weights that add up to more than is remembered the shares are still exact."""
    names = Counter(order([50_000, 20_001], 70_001))

    assert names == {"a": 50_000, "b": 20_001}
