"""What is stored for a password, and what passes for it."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace

import bcrypt
import pytest

from authsvc.hashing.acceptable import bad_length
from authsvc.hashing.passwords import SCHEME, Hasher, StoredHash, Unusable, prehash
from authsvc.keys import fingerprint

PEPPER = b"a pepper of at least 32 bytes....."


@pytest.fixture(scope="module")
def hasher() -> Hasher:
    """At the lowest cost, for speed."""
    return Hasher.prepare(PEPPER, 4)


def test_the_right_password_passes_and_a_wrong_one_does_not(hasher: Hasher) -> None:
    """The stored form names its scheme and cost."""
    stored = hasher.create("correct horse")
    assert (stored.scheme, stored.cost, stored.work_factor) == (SCHEME, 4, 4)
    assert stored.pepper_kid == fingerprint(PEPPER)
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
    ("broken", "reason"),
    [
        (StoredHash(SCHEME, "not a hash", 4), Unusable.MALFORMED),
        (StoredHash(SCHEME, "", 4), Unusable.MALFORMED),
        (StoredHash(SCHEME, "$2b$31$" + "a" * 53, 31), Unusable.COST),
        (StoredHash(SCHEME, "$2b$16$" + "a" * 53, 4), Unusable.COST),
        (StoredHash(SCHEME, "$2b$00$" + "a" * 53, 4), Unusable.COST),
        (StoredHash("argon2id", "$2b$04$" + "a" * 53, 4), Unusable.SCHEME),
        (StoredHash(SCHEME, "$2b$04$" + "a" * 53, 4, pepper_kid=1), Unusable.PEPPER),
    ],
)
def test_an_unusable_stored_hash_fails_like_a_wrong_password(
    hasher: Hasher, broken: StoredHash, reason: Unusable
) -> None:
    """bcrypt would raise, or run for a day."""
    assert hasher.unusable(broken) is reason
    assert not hasher.verify("correct horse", broken)


def test_hashes_under_the_previous_pepper_still_open_their_accounts(hasher: Hasher) -> None:
    """And are made anew under the current one."""
    old = Hasher.prepare(b"the pepper before it, of 32 bytes", 4).create("correct horse")
    assert not hasher.verify("correct horse", old)
    knowing = replace(hasher, previous=b"the pepper before it, of 32 bytes")
    assert knowing.verify("correct horse", old)
    assert not knowing.verify("correct hose", old)
    assert knowing.outdated(old)
    assert not knowing.outdated(knowing.create("correct horse"))


def test_hashes_are_renewed_upwards_only(hasher: Hasher) -> None:
    """A policy that was lowered weakens no hash that is there."""
    cheap, dear = hasher.create("correct horse"), hasher.create("correct horse", cost=6)
    raised = replace(hasher, cost=5)
    assert raised.outdated(cheap)
    assert not raised.outdated(dear)
    assert (raised.create("x").cost, raised.create("x", cost=6).cost) == (5, 6)


def test_what_is_too_long_for_any_account_opens_none(hasher: Hasher) -> None:
    """Not even if its hash were stored: it is not normalised, so that nobody can waste our time."""
    long = "x" * 1025
    assert not hasher.verify(long, hasher.create(long))
    assert not hasher.verify(long, hasher.create(""))


def bcrypt_rounds(work: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> int:
    """What the work costs: the sum of 2^cost over every bcrypt that it ran."""
    costs: list[int] = []
    real = bcrypt.hashpw, bcrypt.checkpw

    def hashpw(password: bytes, salt: bytes) -> bytes:
        costs.append(int(salt[4:6]))
        return real[0](password, salt)

    def checkpw(password: bytes, stored: bytes) -> bool:
        costs.append(int(stored[4:6]))
        return real[1](password, stored)

    with monkeypatch.context() as counting:
        counting.setattr(bcrypt, "hashpw", hashpw)
        counting.setattr(bcrypt, "checkpw", checkpw)
        work()
    return sum(2**cost for cost in costs)


@pytest.mark.parametrize("guess", ["correct horse", "wrong", "", "x" * 5000, "e" + "\u0301" * 5000])
@pytest.mark.parametrize("kind", ["none", "same cost", "cheaper", "malformed", "cost 31", "pepper"])
def test_a_check_costs_one_hash_of_the_policy_whatever_it_is_given(
    guess: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rounds that a cheaper hash lacks are run behind it: 2^4 + 2^4 + 2^5 + 2^6 = 2^7."""
    hasher = Hasher.prepare(PEPPER, 7)
    stored = {
        "none": None,
        "same cost": hasher.create("correct horse"),
        "cheaper": replace(hasher, cost=4).create("correct horse"),
        "malformed": StoredHash(SCHEME, "$2b$04$short", 4),
        "cost 31": StoredHash(SCHEME, "$2b$31$" + "a" * 53, 31),
        "pepper": replace(hasher, pepper=b"unknown").create("correct horse"),
    }[kind]
    assert bcrypt_rounds(lambda: hasher.verify(guess, stored), monkeypatch) == 2**7


def test_no_secret_shows_in_a_repr(hasher: Hasher) -> None:
    """Logs print such things."""
    assert hasher.dummy.hash not in repr(hasher)
    assert PEPPER.decode() not in repr(hasher)


@pytest.mark.parametrize("password", ["12345678", "x" * 1024, "🐎" * 1024, "        "])
def test_length_is_the_only_rule(password: str) -> None:
    """No composition rules; a character is a code point."""
    assert bad_length(password) is None


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("1234567", "at least 8"),
        ("x" * 1025, "at most"),
        ("\u0bcc" * 1024, None),
        ("🐎" * 1025, "4096"),
    ],
)
def test_a_bad_length_is_named(password: str, word: str | None) -> None:
    """With the number that would do."""
    found = bad_length(password)
    assert (word in found.told) if word and found else found is word


def test_a_hash_takes_time(hasher: Hasher) -> None:
    """What capacity is computed from."""
    assert 0 < hasher.seconds() < 1
