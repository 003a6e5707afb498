"""Access and refresh tokens: derived from a key, a session and a generation; none is kept.

Both tokens of a generation can be made again by whoever has the key, which is how a refresh that is
repeated gets the same answer. The database knows the session, the generation and the SHA-256 of the
current access token, and without the key nothing that works can be made of them. 256 bits of MAC
need no slow hash (ASVS 5.0 6.5.2, 7.2.3). The prefixes let secret scanners find what leaked.
"""

import base64
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
    """Makes tokens and tells genuine refresh tokens from others, with keys of their own.

    `secret` is what tokens are made from; those made from one of the `others` are believed too, so
    that the secret can be changed without logging everybody out.
    """

    def __init__(self, secret: bytes, *others: bytes) -> None:
        self._keys = [
            (derived(one, Purpose.ACCESS), derived(one, Purpose.REFRESH))
            for one in (secret, *others)
        ]

    def pair(self, claim: Claim) -> Pair:
        """The tokens of a generation, the same each time."""
        return _pair(self._keys[0], claim)

    def kept(self, claim: Claim, access_hash: bytes) -> Pair | None:
        """The tokens of a generation as they were made when this was kept of them, if by us."""
        made = (_pair(keys, claim) for keys in self._keys)
        return next((p for p in made if hmac.compare_digest(p.access_hash, access_hash)), None)

    def claim(self, refresh: str) -> Claim | None:
        """What a refresh token says, or None if it was not made with our key.

        The whole token is made again and compared in constant time, so that of the spellings that
        base64 allows for the same bytes only ours is taken.
        """
        if not _REFRESH_SHAPE.fullmatch(refresh):
            return None
        said = base64.urlsafe_b64decode(refresh[len(REFRESH) :] + "=")
        generation = int.from_bytes(said[_SESSION_BYTES:_SAID_BYTES], "big")
        claim = Claim(UUID(bytes=said[:_SESSION_BYTES]), generation)
        genuine = [hmac.compare_digest(_refresh(key, claim), refresh) for _, key in self._keys]
        return claim if any(genuine) else None


def digest(access: str) -> bytes | None:
    """What a presented access token is stored under, or None if we never made one of that shape."""
    return _hash(access) if _ACCESS_SHAPE.fullmatch(access) else None


def _pair(keys: tuple[bytes, bytes], claim: Claim) -> Pair:
    access = ACCESS + _text(hmac.digest(keys[0], _said(claim), "sha256"))
    return Pair(access, _refresh(keys[1], claim), _hash(access))


def _refresh(key: bytes, claim: Claim) -> str:
    said = _said(claim)
    return REFRESH + _text(said + hmac.digest(key, said, "sha256"))


def _hash(access: str) -> bytes:
    return hashlib.sha256(access.encode()).digest()


def _said(claim: Claim) -> bytes:
    return claim.session_id.bytes + claim.generation.to_bytes(_GENERATION_BYTES, "big")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
