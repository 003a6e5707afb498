"""How a password becomes what is stored, and how a guess is checked. No I/O.

bcrypt reads 72 bytes and raises above them, so the password goes through a keyed hash first:
base64 of HMAC-SHA-384 is 64 bytes without NUL, and without the pepper a stolen table cannot be
guessed at all (OWASP Password Storage Cheat Sheet, "pre-hashing passwords with bcrypt").
"""

import base64
import hmac
import re
import secrets
import time
import unicodedata
from dataclasses import dataclass, field
from typing import Self

import bcrypt

from authsvc.settings import HIGHEST_BCRYPT_COST

SCHEME = "bcrypt-hmac384"
SHORTEST, LONGEST, LONGEST_BYTES = 8, 1024, 4096  # ASVS 5.0 6.2.1, 6.2.9; bytes bound the work
_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StoredHash:
    """A row of `credentials`; the scheme tag is there so that another scheme can follow."""

    scheme: str
    hash: str = field(repr=False)
    cost: int

    @property
    def checkable(self) -> bool:
        """Whether bcrypt can and should run it: a cost of 31 would pin a thread for a day."""
        found = _BCRYPT.fullmatch(self.hash)
        return self.scheme == SCHEME and found is not None and int(found[1]) <= HIGHEST_BCRYPT_COST


def length_complaint(password: str) -> str | None:
    """Why a new password is refused, or None. Length only: no composition rules (ASVS 6.2.5)."""
    if len(password) < SHORTEST:
        return f"must have at least {SHORTEST} characters"
    if len(password) > LONGEST or len(password.encode()) > LONGEST_BYTES:
        return f"must have at most {LONGEST} characters and {LONGEST_BYTES} bytes"
    return None


def prehash(pepper: bytes, password: str) -> bytes:
    """64 bytes for bcrypt. NFC first, so that two keyboards' é are one password."""
    received = unicodedata.normalize("NFC", password).encode()
    return base64.b64encode(hmac.digest(pepper, received, "sha384"))


@dataclass(frozen=True, slots=True)
class Hasher:
    """Makes and checks hashes at one cost. Every call takes one bcrypt's time: call in a thread."""

    pepper: bytes = field(repr=False)
    cost: int
    dummy: StoredHash  # what a login without an account is checked against, and fails

    @classmethod
    def prepare(cls, pepper: bytes, cost: int) -> Self:
        """A hasher whose dummy has the cost of every real hash."""
        return cls(pepper, cost, _make(pepper, secrets.token_urlsafe(), cost))

    def create(self, password: str) -> StoredHash:
        """What to store for a new password."""
        return _make(self.pepper, password, self.cost)

    def verify(self, password: str, stored: StoredHash | None) -> bool:
        """Whether the guess is right. Runs bcrypt once, whatever it is given.

        A missing or unusable stored hash is answered False after the dummy, so that time does not
        tell which names exist.
        """
        usable = stored if stored is not None and stored.checkable else None
        against = usable or self.dummy
        same = bcrypt.checkpw(prehash(self.pepper, password), against.hash.encode())
        return same and usable is not None

    def seconds(self, rounds: int = 3) -> float:
        """How long one hash takes here: the quickest of some, since noise only ever adds."""

        def once() -> float:
            began = time.perf_counter()
            self.verify("", None)
            return time.perf_counter() - began

        return min(once() for _ in range(rounds))


def _make(pepper: bytes, password: str, cost: int) -> StoredHash:
    made = bcrypt.hashpw(prehash(pepper, password), bcrypt.gensalt(cost))
    return StoredHash(SCHEME, made.decode(), cost)
