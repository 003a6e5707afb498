"""Health: a streak turns an endpoint up or down."""

from hypothesis import given
from hypothesis import strategies as st

from balancer.core.health import Health


def observed(probes: str, rise: int = 2, fall: int = 3) -> list[bool]:
    """Whether each probe in a string of + and - turned the endpoint over."""
    health = Health()
    return [health.observe(probe == "+", rise=rise, fall=fall) for probe in probes]


def test_goes_down_at_the_third_failure_in_a_row() -> None:
    """Two failures are forgiven, the third in a row turns it down, and only that one flips."""
    assert observed("--+---") == [False, False, False, False, False, True]


def test_comes_up_at_the_second_pass_in_a_row() -> None:
    """Once down, a single pass is not believed."""
    assert observed("---+-++") == [False, False, True, False, False, False, True]


@given(st.text("+-", max_size=60), st.integers(1, 4), st.integers(1, 4))
def test_flips_alternate(probes: str, rise: int, fall: int) -> None:
    """Each flip changes the state, so `up` is right after any history."""
    health = Health()

    flips = sum(health.observe(probe == "+", rise=rise, fall=fall) for probe in probes)

    assert health.up == (flips % 2 == 0)
