"""Access tokens: what the owner gets, and what is kept."""

import hashlib

import pytest

from authsvc.tokens import digest, mint


def test_a_token_is_found_again_by_its_digest() -> None:
    """And only its SHA-256 is for us."""
    minted = mint()
    assert digest(minted.token) == minted.digest == hashlib.sha256(minted.token.encode()).digest()


def test_tokens_differ() -> None:
    """256 random bits each."""
    assert len({mint().token for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "junk", ["", "ats_", "ats_" + "a" * 42, "atr_" + "a" * 43, "ats_" + "é" * 43]
)
def test_junk_never_reaches_the_database(junk: str) -> None:
    """Its shape gives it away."""
    assert digest(junk) is None
