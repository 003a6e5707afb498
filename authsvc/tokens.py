"""Opaque access tokens: made here, kept only as their SHA-256.

256 random bits need no slow hash (ASVS 5.0 6.5.2, 7.2.3). The prefix lets secret scanners find one
that leaked, and lets junk be turned away before the database is asked.
"""

import hashlib
import re
import secrets
from typing import NamedTuple

PREFIX = "ats_"
_SHAPE = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}", re.ASCII)


class Minted(NamedTuple):
    """A new token for its owner, and the digest for us."""

    token: str
    digest: bytes


def mint() -> Minted:
    """A new access token."""
    token = PREFIX + secrets.token_urlsafe(32)
    return Minted(token, hashlib.sha256(token.encode()).digest())


def digest(token: str) -> bytes | None:
    """What a presented token is stored under, or None if we never made one of that shape."""
    return hashlib.sha256(token.encode()).digest() if _SHAPE.fullmatch(token) else None
