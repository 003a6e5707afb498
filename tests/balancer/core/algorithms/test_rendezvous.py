"""Rendezvous hashing."""

from collections import Counter

import pytest

from balancer.core.algorithms.rendezvous import Rendezvous
from tests.balancer.core.endpoints import build, endpoints


def test_keys_of_one_that_goes_are_shared_by_weight() -> None:
    """Not all of them land on the next one, as on a ring: each of the others gets its part."""
    pool = endpoints(4, 1, 2, 3)
    with_it, without = build(Rendezvous, pool), build(Rendezvous, pool[1:])
    keys = [str(i).encode() for i in range(20_000)]

    heirs = Counter(without.pick(key).name for key in keys if with_it.pick(key).name == "a")

    total = heirs.total()
    assert [heirs[name] / total for name in "bcd"] == pytest.approx([1 / 6, 2 / 6, 3 / 6], abs=0.02)


def test_equal_weights_are_equal_whatever_they_are() -> None:
    """The short cut for equal weights picks as the bids do."""
    keys = [str(i).encode() for i in range(300)]
    ones, nines = build(Rendezvous, endpoints(1, 1, 1)), build(Rendezvous, endpoints(9, 9, 9))
    bids = build(Rendezvous, endpoints(9, 9, 9))
    bids._equal = False

    names = [ones.pick(key).name for key in keys]

    assert names == [nines.pick(key).name for key in keys]
    assert names == [bids.pick(key).name for key in keys]
