"""How a password becomes what is stored, and how a guess is checked. No I/O.

bcrypt reads 72 bytes and raises above them, so the password goes through a keyed hash first:
base64 of HMAC-SHA-384 is 64 bytes without NUL, and without the pepper a stolen table cannot be
guessed at all (OWASP Password Storage Cheat Sheet, "pre-hashing passwords with bcrypt").

Passwords are taken as received but for NFC, which RFC 8265 asks for: an é that one keyboard sends
as one character and another as two is one password. Nothing is trimmed, cut off or replaced.
"""

import base64
import hmac
import re
import secrets
import time
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

import bcrypt

from authsvc.hashing.acceptable import oversized
from authsvc.keys import fingerprint
from authsvc.settings import HIGHEST_BCRYPT_COST, LOWEST_BCRYPT_COST

SCHEME = "bcrypt-hmac384"
_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}", re.ASCII)


class Unusable(StrEnum):
    """Why nothing can be checked against a stored hash."""

    SCHEME = "scheme"
    MALFORMED = "malformed"
    COST = "cost"  # above 15: 31 would pin a thread for a day and a half
    PEPPER = "pepper"  # made with neither the pepper nor the previous one


@dataclass(frozen=True, slots=True)
class StoredHash:
    """A row of `credentials`; the scheme tag is there so that another scheme can follow."""

    scheme: str
    hash: str = field(repr=False)
    cost: int
    pepper_kid: int | None = None
    """The fingerprint of its pepper; None in rows from before there was more than one."""

    @property
    def work_factor(self) -> int | None:
        """The cost that bcrypt will go by, or None if it is no hash of bcrypt's."""
        found = _BCRYPT.fullmatch(self.hash)
        return int(found[1]) if found else None


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
    previous: bytes | None = field(default=None, repr=False)

    @classmethod
    def prepare(cls, pepper: bytes, cost: int, previous: bytes | None = None) -> Self:
        """A hasher whose dummy has the cost of every real hash."""
        return cls(pepper, cost, _make(pepper, secrets.token_urlsafe(), cost), previous)

    def create(self, password: str, cost: int = 0) -> StoredHash:
        """What to store for a new password; at the policy's cost, or the given one if higher."""
        return _make(self.pepper, password, max(cost, self.cost))

    def verify(self, password: str, stored: StoredHash | None) -> bool:
        """Whether the guess is right. Costs one hash of the policy's cost, whatever it is given.

        A missing or unusable stored hash is answered False after the dummy, and a cheaper one's
        missing rounds are run, so that time does not tell which names exist, nor how old their
        passwords are (as Django's `harden_runtime`). What no account can have is not normalised:
        that takes long for a long row of accents, and keeps other threads out meanwhile.
        """
        asked = stored or self.dummy
        usable = self.unusable(asked) is None and stored is not None
        against = asked if usable else self.dummy
        possible = not oversized(password)
        guess = prehash(self._pepper(against.pepper_kid) or self.pepper, password * possible)
        same = bcrypt.checkpw(guess, against.hash.encode())
        for cost in range(against.work_factor or self.cost, self.cost):
            bcrypt.hashpw(guess, bcrypt.gensalt(cost))  # 2^c + 2^c + … + 2^(p-1) = 2^p
        return same and usable and possible

    def unusable(self, stored: StoredHash) -> Unusable | None:
        """Why bcrypt cannot or should not run it."""
        cost = stored.work_factor
        if stored.scheme != SCHEME:
            return Unusable.SCHEME
        if cost is None:
            return Unusable.MALFORMED
        if not LOWEST_BCRYPT_COST <= cost <= HIGHEST_BCRYPT_COST:
            return Unusable.COST
        return None if self._pepper(stored.pepper_kid) else Unusable.PEPPER

    def outdated(self, stored: StoredHash) -> bool:
        """Whether the policy asks for more. Upwards only: a lowered cost weakens no old hash."""
        weaker = (stored.work_factor or 0) < self.cost
        return weaker or stored.scheme != SCHEME or stored.pepper_kid != fingerprint(self.pepper)

    def seconds(self, rounds: int = 3) -> float:
        """How long one hash takes here: the quickest of some, since noise only ever adds."""

        def once() -> float:
            began = time.perf_counter()
            self.verify("", None)
            return time.perf_counter() - began

        return min(once() for _ in range(rounds))

    def _pepper(self, kid: int | None) -> bytes | None:
        known = [self.pepper] if self.previous is None else [self.pepper, self.previous]
        if kid is None:
            return self.pepper
        return next((pepper for pepper in known if fingerprint(pepper) == kid), None)


def _make(pepper: bytes, password: str, cost: int) -> StoredHash:
    made = bcrypt.hashpw(prehash(pepper, password), bcrypt.gensalt(cost))
    return StoredHash(SCHEME, made.decode(), cost, fingerprint(pepper))
