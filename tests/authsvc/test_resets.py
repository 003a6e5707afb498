"""Tokens that set a new password."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authsvc import resets
from authsvc.keys import Purpose, derived

OLD, NEW = b"the pepper of old, 32 bytes long", b"the pepper of now, 32 bytes long"


@given(st.uuids())
def test_a_token_says_which_reset_it_is_for(named: UUID) -> None:
    """While its pepper is believed."""
    made = resets.token(OLD, named)
    assert resets.reset_id([NEW, OLD], made) == named
    assert resets.reset_id([NEW], made) is None


@given(st.integers(0, 67), st.characters())
def test_a_token_with_another_sign_is_none(at: int, sign: str) -> None:
    """Wherever it is."""
    made = resets.token(OLD, UUID(int=7))
    forged = made[:at] + sign + made[at + 1 :]
    assert (resets.reset_id([OLD], forged) is not None) == (forged == made)


@pytest.mark.parametrize("junk", ["", "arp_", "arp_" + "A" * 64, "ats_" + "A" * 64, "\udcff" * 68])
def test_junk_is_none(junk: str) -> None:
    """Without asking the database."""
    assert resets.reset_id([OLD], junk) is None


def test_a_token_tells_nothing_of_the_pepper() -> None:
    """Its key is derived for this purpose only."""
    named = uuid4()
    made = resets.token(OLD, named)
    assert made.startswith("arp_")
    assert derived(OLD, Purpose.RESET) != derived(OLD, Purpose.THROTTLE)
    assert made != resets.token(NEW, named)
