"""What is stored for a password, and what passes for it."""

import unicodedata
from dataclasses import replace

import bcrypt
import pytest

from authsvc.hashing.passwords import SCHEME, Hasher, StoredHash, length_complaint, prehash

PEPPER = b"a pepper of at least 32 bytes....."


@pytest.fixture(scope="module")
def hasher() -> Hasher:
    """At the lowest cost, for speed."""
    return Hasher.prepare(PEPPER, 4)


def test_the_right_password_passes_and_a_wrong_one_does_not(hasher: Hasher) -> None:
    """The stored form names its scheme and cost."""
    stored = hasher.create("correct horse")
    assert (stored.scheme, stored.cost, stored.checkable) == (SCHEME, 4, True)
    assert hasher.verify("correct horse", stored)
    assert not hasher.verify("correct horse ", stored)


def test_nothing_is_cut_off(hasher: Hasher) -> None:
    """bcrypt alone reads 72 bytes and stops at none; here a late difference still counts."""
    stored = hasher.create("🐎" * 64 + "a")
    assert hasher.verify("🐎" * 64 + "a", stored)
    assert not hasher.verify("🐎" * 64 + "b", stored)
    assert not hasher.verify("a\0b", hasher.create("a\0c"))


def test_two_encodings_of_one_text_are_one_password(hasher: Hasher) -> None:
    """NFC: what one keyboard composes another sends in pieces."""
    composed = "caféteria"
    assert hasher.verify(unicodedata.normalize("NFD", composed), hasher.create(composed))


def test_a_stolen_table_is_no_use_without_the_pepper(hasher: Hasher) -> None:
    """Neither another pepper nor the bare password fits the stored hash."""
    stored = hasher.create("correct horse")
    assert not replace(hasher, pepper=b"another" * 8).verify("correct horse", stored)
    assert not bcrypt.checkpw(b"correct horse", stored.hash.encode())


def test_a_prehash_suits_bcrypt() -> None:
    """64 bytes, whatever the password: under 72, and without NUL."""
    for password in ("", "a", "a" * 4096, "\0"):
        made = prehash(PEPPER, password)
        assert len(made) == 64
        assert b"\0" not in made


def test_the_dummy_costs_what_a_real_hash_costs(hasher: Hasher) -> None:
    """Else time would tell which names exist; and nothing passes for it."""
    assert hasher.dummy.cost == hasher.create("correct horse").cost
    assert not hasher.verify("", None)


@pytest.mark.parametrize(
    "broken",
    [
        StoredHash(SCHEME, "not a hash", 4),
        StoredHash(SCHEME, "$2b$31$" + "a" * 53, 31),
        StoredHash("argon2id", "$2b$04$" + "a" * 53, 4),
        StoredHash(SCHEME, "", 4),
    ],
)
def test_an_unusable_stored_hash_fails_like_a_wrong_password(
    hasher: Hasher, broken: StoredHash
) -> None:
    """bcrypt would raise, or run for a day."""
    assert not broken.checkable
    assert not hasher.verify("correct horse", broken)


def test_no_secret_shows_in_a_repr(hasher: Hasher) -> None:
    """Logs print such things."""
    assert hasher.dummy.hash not in repr(hasher)
    assert PEPPER.decode() not in repr(hasher)


@pytest.mark.parametrize("password", ["12345678", "x" * 1024, "🐎" * 1024, "        "])
def test_length_is_the_only_rule(password: str) -> None:
    """No composition rules; a character is a code point."""
    assert length_complaint(password) is None


@pytest.mark.parametrize(("password", "word"), [("1234567", "at least 8"), ("x" * 1025, "at most")])
def test_a_bad_length_is_named(password: str, word: str) -> None:
    """With the number that would do."""
    assert word in (length_complaint(password) or "")


def test_a_hash_takes_time(hasher: Hasher) -> None:
    """What capacity is computed from."""
    assert 0 < hasher.seconds() < 1
