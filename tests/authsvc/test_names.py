"""Which names are taken, and how two spellings become one."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authsvc.names import Alphabet, normalise


@pytest.mark.parametrize(
    ("typed", "key"), [("alice", "alice"), ("Alice.B-c_9", "alice.b-c_9"), ("0ab", "0ab")]
)
def test_case_does_not_matter(typed: str, key: str) -> None:
    """Two spellings are one account."""
    assert normalise(typed) == key


@pytest.mark.parametrize("alphabet", Alphabet)
@pytest.mark.parametrize(
    "typed",
    [
        *("ab", "a" * 65, "", " alice", "alice\n", "al ice", "a\0bc", "ali\u200bce", "ali\u202ece"),
        "\N{KELVIN SIGN}evin",
        "\N{ANGSTROM SIGN}ngstrom",
        "\N{FULLWIDTH LATIN SMALL LETTER A}lice",
        "\N{LATIN SMALL LIGATURE FI}ona",
        "louis\N{ROMAN NUMERAL EIGHT}",
        "\u05d0bc",  # right to left, then left to right
        "ali\ud800ce",
    ],
)
def test_what_would_have_to_be_repaired_is_refused(typed: str, alphabet: Alphabet) -> None:
    """Letters that look like others, or become them, could be somebody else's name."""
    assert normalise(typed, alphabet) is None


@pytest.mark.parametrize("typed", [".alice", "ünal", "\N{CYRILLIC SMALL LETTER A}lice", "ab/c"])
def test_by_default_names_are_ascii(typed: str) -> None:
    """PRECIS knows no confusables: a Cyrillic а would pass for an a."""
    assert normalise(typed) is None


def test_other_alphabets_keep_their_accents_however_they_were_typed() -> None:
    """One keyboard sends one character, another two: that is no repair."""
    keys = {
        normalise(unicodedata.normalize(form, "Ünal"), Alphabet.UNICODE) for form in ("NFC", "NFD")
    }
    assert keys == {"ünal"}


@given(st.text(max_size=70), st.sampled_from(Alphabet))
def test_a_key_is_its_own_key_and_says_what_was_typed(typed: str, alphabet: Alphabet) -> None:
    """Nothing is added, dropped or replaced: only case and the form of accents may differ."""
    key = normalise(typed, alphabet)
    if key is None:
        return
    assert normalise(key, alphabet) == key
    assert key == unicodedata.normalize("NFC", typed).lower()
    assert 3 <= len(key) <= 64


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{2,63}", fullmatch=True))
def test_every_name_of_the_policy_is_taken(typed: str) -> None:
    """In whatever case, as the lower one."""
    assert normalise(typed) == typed.lower()


@given(st.text(max_size=70))
def test_what_is_taken_by_default_is_ascii(typed: str) -> None:
    """Whatever PRECIS would have made of it."""
    assert normalise(typed) is None or typed.isascii()
