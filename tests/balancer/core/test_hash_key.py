"""What a hash is taken of: how it is written, and cookies found in their fields."""

import pytest

from balancer.core.hash_key import HashKey, cookie, hash_key


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("source", None),
        ("path", HashKey("path")),
        ("header:X-User", HashKey("header", b"x-user")),
        ("cookie:Sid", HashKey("cookie", b"Sid")),
    ],
)
def test_a_key_is_read(text: str, expected: HashKey | None) -> None:
    """Headers' names know no case, cookies' names do."""
    assert hash_key(text) == expected


@pytest.mark.parametrize("text", ["", "Source", "header", "header:", "header:a b", "cookie:a;b"])
def test_anything_else_is_refused(text: str) -> None:
    """With what would do instead."""
    with pytest.raises(ValueError, match="source, path, header:NAME or cookie:NAME"):
        hash_key(text)


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ([b"a=1; sid=2"], b"2"),
        ([b"a=1", b"sid=2"], b"2"),
        ([b"sid=first; sid=second"], b"first"),
        ([b"sid=a=b"], b"a=b"),
        ([b"xsid=1; sid"], None),
        ([], None),
    ],
)
def test_a_cookie_is_found(fields: list[bytes], value: bytes | None) -> None:
    """In one field or in several; the first of its name counts."""
    assert cookie(fields, b"sid") == value
