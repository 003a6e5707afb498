"""Maglev's table, laid fast, against the same table laid as Envoy's source reads."""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from xxhash import xxh64_intdigest

from balancer.core.algorithms.maglev_table import SIZE, lay


def plainly(addresses: list[str], weights: list[int]) -> list[int]:
    """One place after the other, step by step, in floats."""
    order = sorted(range(len(addresses)), key=lambda i: addresses[i].encode())
    shares = [weights[i] / sum(weights) for i in order]
    hashed = [addresses[i].encode() for i in order]
    places = [xxh64_intdigest(name) % SIZE for name in hashed]
    skips = [xxh64_intdigest(name, 1) % (SIZE - 1) + 1 for name in hashed]
    targets = [0.0] * len(order)
    table, left, turn = [-1] * SIZE, SIZE, 0
    while left:
        turn += 1
        for i, share in enumerate(shares):
            if turn * share < targets[i] or not left:
                continue
            targets[i] += max(shares)
            while table[places[i]] >= 0:
                places[i] = (places[i] + skips[i]) % SIZE
            table[places[i]] = order[i]
            left -= 1
    return table


@settings(max_examples=12)
@given(weights=st.lists(st.integers(1, 40), min_size=1, max_size=10), network=st.integers(0, 255))
@example(weights=[1], network=0)
@example(weights=[1] * 8, network=0)
@example(weights=[16, 1, 1, 1, 1], network=0)
@example(weights=[3, 1, 7, 49, 21], network=0)
def test_it_is_the_table_that_the_plain_way_lays(weights: list[int], network: int) -> None:
    """Place for place, with weights that divide one another too, where floats decide."""
    addresses = [f"10.0.{network}.{i}:80" for i in range(len(weights))]

    assert list(lay(tuple(addresses), tuple(weights))) == plainly(addresses, weights)


def test_shares_are_within_a_part_in_a_thousand() -> None:
    """Equal weights have equal places, give or take one."""
    table = lay(tuple(f"10.0.0.{i}:80" for i in range(5)), (1,) * 5)

    places = [table.count(i) for i in range(5)]
    assert max(places) - min(places) <= 1
