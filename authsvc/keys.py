"""Keys of single purpose, derived from the one secret that an instance is given."""

import hashlib
import hmac
from enum import StrEnum


class Purpose(StrEnum):
    """What a key is for: one that leaks or is misused says nothing about the others."""

    REFRESH = "refresh token"
    ACCESS = "access token"
    RESET = "password reset"
    THROTTLE = "throttle"


def derived(secret: bytes, purpose: Purpose) -> bytes:
    """32 bytes: HKDF-Expand (RFC 5869 section 2.3) of one block; the secret is random already."""
    return hmac.digest(secret, f"evenhand {purpose.value}\x01".encode(), "sha256")


def fingerprint(secret: bytes) -> int:
    """Tells two secrets apart in a table, and nothing about either: 31 bits of a keyed hash."""
    digest = hmac.digest(secret, b"evenhand fingerprint", hashlib.sha256)
    return int.from_bytes(digest[:4], "big") >> 1
