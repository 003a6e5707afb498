"""Tokens of programs and operators: random, told once, kept as their SHA-256.

The prefix tells them from users' tokens, lets secret scanners find one that leaked, and lets junk
be turned away before the database is asked.
"""

import hashlib
import re
import secrets

PREFIX = "atc_"
_SHAPE = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}", re.ASCII)


def mint() -> str:
    """A new token: 256 random bits, for which a fast hash is enough (ASVS 5.0 6.5.2)."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(token: str) -> bytes | None:
    """What a token is stored under, or None if we never made one of that shape."""
    return hashlib.sha256(token.encode()).digest() if _SHAPE.fullmatch(token) else None
