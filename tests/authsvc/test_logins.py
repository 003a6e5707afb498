"""Which names can be registered."""

import pytest

from authsvc.names import normalise


@pytest.mark.parametrize(
    ("typed", "key"), [("alice", "alice"), ("Alice.B-c_9", "alice.b-c_9"), ("0ab", "0ab")]
)
def test_case_does_not_matter(typed: str, key: str) -> None:
    """Two spellings are one account."""
    assert normalise(typed) == key


@pytest.mark.parametrize(
    "typed",
    [
        *("ab", "a" * 65, "", " alice", "alice\n", "al ice", ".alice", "a\0bc"),
        "ali\N{CYRILLIC SMALL LETTER ES}e",
        "\N{KELVIN SIGN}evin",
        "\N{FULLWIDTH LATIN SMALL LETTER A}lice",
    ],
)
def test_what_is_not_plain_is_refused_not_repaired(typed: str) -> None:
    """Letters that look like others, or become them, could be somebody else's name."""
    assert normalise(typed) is None
