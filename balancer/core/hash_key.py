"""What a pool's hash is taken of: the client's address, the path, a header or a cookie."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
PATTERN = rf"^(source|path|(header|cookie):{_NAME})$"
"""How a configuration writes it (a field's and a cookie's name: RFC 9110 section 5.6.2)."""


@dataclass(frozen=True, slots=True)
class HashKey:
    """Which part of a request decides; `name` is a header's, in lower case, or a cookie's."""

    kind: Literal["path", "header", "cookie"]
    name: bytes = b""


def hash_key(text: str) -> HashKey | None:
    """From `path`, `header:X-User` or `cookie:sid`; None for `source`, which needs no look."""
    if re.fullmatch(PATTERN, text) is None:
        raise ValueError(f"'{text}' is no key: source, path, header:NAME or cookie:NAME")
    if text == "source":
        return None
    if text == "path":
        return HashKey("path")
    kind, _, name = text.partition(":")
    if kind == "header":
        return HashKey("header", name.lower().encode())
    return HashKey("cookie", name.encode())


def cookie(fields: Iterable[bytes], name: bytes) -> bytes | None:
    """A cookie's value in the Cookie fields of a request (RFC 6265 section 4.2), or None."""
    for field in fields:
        for pair in field.split(b";"):
            found, equals, value = pair.strip(b" \t").partition(b"=")
            if equals and found == name:
                return value
    return None
