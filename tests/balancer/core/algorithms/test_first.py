"""First: one works, the others are in reserve."""

from balancer.core.algorithms.first import First
from tests.balancer.core.endpoints import build, endpoints


def test_the_first_of_the_file_gets_everything() -> None:
    """Whatever the others weigh and however much it carries."""
    pool = endpoints(1, 9, 9)
    pool[0].load.in_flight = 1000

    assert {build(First, pool).pick(bytes([i])).name for i in range(50)} == {"a"}


def test_the_next_takes_over() -> None:
    """When the first is not among the ready, it is the one after it."""
    assert build(First, endpoints(1, 1, 1)[1:]).pick(b"").name == "b"
