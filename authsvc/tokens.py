"""Access and refresh tokens: derived from a key, a session and a generation; none is kept.

Both tokens of a generation can be made again by whoever has the key, which is how a refresh that is
repeated gets the same answer. The database knows the session, the generation and the SHA-256 of the
current access token, and without the key nothing that works can be made of them. 256 bits of MAC
need no slow hash (ASVS 5.0 6.5.2, 7.2.3). The prefixes let secret scanners find what leaked.
"""

import base64
import binascii
import hashlib
import hmac
import re
from typing import NamedTuple
from uuid import UUID

from authsvc.keys import Purpose, derived

ACCESS, REFRESH = "ats_", "atr_"
_SESSION_BYTES, _GENERATION_BYTES = 16, 8
_SAID_BYTES = _SESSION_BYTES + _GENERATION_BYTES
_ACCESS_SHAPE = re.compile(re.escape(ACCESS) + r"[A-Za-z0-9_-]{43}", re.ASCII)
_REFRESH_SHAPE = re.compile(re.escape(REFRESH) + r"[A-Za-z0-9_-]{75}", re.ASCII)


class Claim(NamedTuple):
    """What a genuine refresh token says; whether it still holds is for the database to say."""

    session_id: UUID
    generation: int


class Pair(NamedTuple):
    """The tokens of one generation, for their owner, and what is kept of them."""

    access: str
    refresh: str
    access_hash: bytes

    def __repr__(self) -> str:
        return "Pair(…)"  # it may end up in a log


class Tokens:
    """Makes tokens and tells genuine refresh tokens from others, with keys of their own."""

    def __init__(self, secret: bytes) -> None:
        self._access_key = derived(secret, Purpose.ACCESS)
        self._refresh_key = derived(secret, Purpose.REFRESH)

    def pair(self, claim: Claim) -> Pair:
        """The tokens of a generation, the same each time."""
        access = ACCESS + _text(hmac.digest(self._access_key, _said(claim), "sha256"))
        return Pair(access, self._refresh(claim), _hash(access))

    def claim(self, refresh: str) -> Claim | None:
        """What a refresh token says, or None if it was not made with our key.

        The whole token is made again and compared in constant time, so that of the spellings that
        base64 allows for the same bytes only ours is taken.
        """
        if not _REFRESH_SHAPE.fullmatch(refresh):
            return None
        try:
            said = base64.b64decode(refresh[len(REFRESH) :] + "=", altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        generation = int.from_bytes(said[_SESSION_BYTES:_SAID_BYTES], "big")
        claim = Claim(UUID(bytes=said[:_SESSION_BYTES]), generation)
        return claim if hmac.compare_digest(self._refresh(claim), refresh) else None

    def _refresh(self, claim: Claim) -> str:
        said = _said(claim)
        return REFRESH + _text(said + hmac.digest(self._refresh_key, said, "sha256"))


def digest(access: str) -> bytes | None:
    """What a presented access token is stored under, or None if we never made one of that shape."""
    return _hash(access) if _ACCESS_SHAPE.fullmatch(access) else None


def _hash(access: str) -> bytes:
    return hashlib.sha256(access.encode()).digest()


def _said(claim: Claim) -> bytes:
    return claim.session_id.bytes + claim.generation.to_bytes(_GENERATION_BYTES, "big")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
