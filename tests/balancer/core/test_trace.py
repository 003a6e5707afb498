"""Request ids and trace contexts: what is kept, and what is made."""

from random import Random

import pytest

from balancer.core.trace import new_trace, well_formed_id, well_formed_trace

GOOD = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    "wrong",
    [
        b"", GOOD[:-1], GOOD + b"0", GOOD + b"-x", GOOD.upper(), b"01" + GOOD[2:], b"ff" + GOOD[2:],
        GOOD.replace(b"-", b"_"), b"00-" + b"0" * 32 + GOOD[35:], GOOD[:36] + b"0" * 16 + GOOD[52:],
        GOOD[:10] + b"g" + GOOD[11:], GOOD[:-1] + b"g",
    ],
)  # fmt: skip
def test_what_is_no_traceparent(wrong: bytes) -> None:
    """W3C Trace Context section 3.2.2: length, case, version, and ids that are not zero."""
    assert well_formed_trace(GOOD)
    assert not well_formed_trace(wrong)


def test_new_ones_are_well_formed_and_differ() -> None:
    """Each has ids of its own."""
    made = {new_trace(Random(seed)) for seed in range(100)}

    assert len(made) == 100
    assert all(well_formed_trace(one) for one in made)


@pytest.mark.parametrize(
    ("value", "kept"),
    [(b"a", True), (b"a-B_1.2:3", True), (b"x" * 128, True), (b"x" * 129, False), (b"", False),
     (b"a b", False), (b"a,b", False), (b'a"', False), (b"\xe9", False), (b"a\n", False)],
)  # fmt: skip
def test_ids_that_are_harmless_in_a_log(value: bytes, kept: bool) -> None:
    """Letters, digits and four signs, at most 128."""
    assert well_formed_id(value) is kept
