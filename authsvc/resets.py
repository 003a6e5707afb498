"""Tokens that set a new password: derived from a key and the reset's id; none is kept. No I/O.

Whoever copies the database cannot use what is in it, and whatever sends messages derives the token
anew. `arp_` lets secret scanners find one that leaked.
"""

import base64
import binascii
import hmac
from datetime import timedelta
from uuid import UUID

from authsvc.keys import Purpose, derived

PREFIX = "arp_"
LIFETIME = timedelta(minutes=10)
MOST, WITHIN = 3, timedelta(hours=1)  # resets that one account is sent
_ID_BYTES, _MAC_BYTES = 16, 32
_LENGTH = len(PREFIX) + (_ID_BYTES + _MAC_BYTES) * 4 // 3  # 48 bytes need no padding


def token(pepper: bytes, reset_id: UUID) -> str:
    """What the account's owner is sent."""
    signed = reset_id.bytes + _mac(pepper, reset_id.bytes)
    return PREFIX + base64.urlsafe_b64encode(signed).decode()


def reset_id(peppers: list[bytes], presented: str) -> UUID | None:
    """Which reset a token is for, or None if it was not made under one of these peppers."""
    if len(presented) != _LENGTH or not presented.startswith(PREFIX):
        return None
    try:
        signed = base64.b64decode(presented[len(PREFIX) :], altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):  # ValueError: letters outside ASCII
        return None
    named, mac = signed[:_ID_BYTES], signed[_ID_BYTES:]
    genuine = [hmac.compare_digest(mac, _mac(pepper, named)) for pepper in peppers]
    return UUID(bytes=named) if any(genuine) else None


def _mac(pepper: bytes, named: bytes) -> bytes:
    return hmac.digest(derived(pepper, Purpose.RESET), named, "sha256")
