"""Sticky: back to where one was."""

from collections import Counter

import pytest

from balancer.core.algorithms.sticky import Sticky
from tests.balancer.core.endpoints import build, endpoints


def test_a_client_goes_where_its_cookie_says() -> None:
    """Even if that endpoint carries more than all others."""
    pool = endpoints(1, 1, 1)
    pool[1].load.in_flight = 99

    assert build(Sticky, pool).pick(b"endpoint:b").name == "b"


@pytest.mark.parametrize("key", [b"", b"endpoint:", b"endpoint:gone", b"b", b"\xff\xfe"])
def test_anybody_else_goes_to_the_least_loaded(key: bytes) -> None:
    """First-time clients, and those of an endpoint that is not there any more."""
    pool = endpoints(1, 1, 1)
    pool[0].load.in_flight, pool[1].load.in_flight = 4, 2

    assert build(Sticky, pool).pick(key).name == "c"


def test_clients_of_an_endpoint_that_went_are_spread() -> None:
    """They do not all follow one another to the same next endpoint."""
    picker = build(Sticky, endpoints(1, 1, 1, 1))

    picked = Counter(picker.pick(b"endpoint:gone").name for _ in range(400))

    assert min(picked.values()) > 60
