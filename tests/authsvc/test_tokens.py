"""Tokens: what the owner gets, what is kept, and what is turned away before the database."""

import hashlib
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authsvc.tokens import Claim, Tokens, digest

TOKENS = Tokens(b"a secret of 32 bytes, for tests.")
claims = st.builds(Claim, st.uuids(), st.integers(0, 2**64 - 1))


@given(claims)
def test_a_refresh_token_says_what_was_put_in(claim: Claim) -> None:
    """Session and generation, and both tokens are the same each time they are made."""
    pair = TOKENS.pair(claim)
    assert TOKENS.claim(pair.refresh) == claim
    assert TOKENS.pair(claim) == pair


def test_only_a_digest_of_the_access_token_is_kept() -> None:
    """By which it is found again."""
    pair = TOKENS.pair(Claim(uuid4(), 0))
    assert digest(pair.access) == pair.access_hash == hashlib.sha256(pair.access.encode()).digest()


@given(claims, claims)
def test_tokens_differ(one: Claim, other: Claim) -> None:
    """Between sessions, generations, kinds and secrets."""
    first, second = TOKENS.pair(one), TOKENS.pair(other)
    if one != other:
        assert not {first.access, first.refresh} & {second.access, second.refresh}
    assert first.access[4:] not in first.refresh
    assert Tokens(b"another secret of 32 bytes......").claim(first.refresh) is None


@given(claims, st.integers(4, 78), st.characters(codec="ascii"))
def test_one_other_letter_makes_it_junk(claim: Claim, at: int, letter: str) -> None:
    """Also in the last one, of whose six bits base64 ignores two."""
    token = TOKENS.pair(claim).refresh
    forged = token[:at] + letter + token[at + 1 :]
    assert (TOKENS.claim(forged) is None) == (forged != token)


def test_the_secret_can_be_changed() -> None:
    """While both are known, each instance believes what the others make."""
    old, new, claim = b"o" * 32, b"n" * 32, Claim(uuid4(), 3)
    before, after = Tokens(old, new), Tokens(new, old)
    assert after.claim(before.pair(claim).refresh) == claim
    assert before.claim(after.pair(claim).refresh) == claim
    assert after.kept(claim, before.pair(claim).access_hash) == before.pair(claim)
    assert after.kept(claim, after.pair(claim).access_hash) == after.pair(claim)
    assert Tokens(new).claim(before.pair(claim).refresh) is None
    assert Tokens(new).kept(claim, before.pair(claim).access_hash) is None


@given(st.text())
def test_any_text_may_be_presented(text: str) -> None:
    """And is no token."""
    for junk in (text, "ats_" + text, "atr_" + text):
        assert digest(junk) is None
        assert TOKENS.claim(junk) is None


@pytest.mark.parametrize(
    "junk", ["", "ats_", "ats_" + "a" * 42, "atr_" + "a" * 43, "ats_" + "é" * 43]
)
def test_junk_never_reaches_the_database(junk: str) -> None:
    """Its shape gives it away."""
    assert digest(junk) is None


def test_a_pair_does_not_show_itself() -> None:
    """Not even in the traceback of a failure."""
    pair = TOKENS.pair(Claim(UUID(int=1), 0))
    assert pair.access not in repr(pair)
    assert pair.refresh not in f"{pair}"
