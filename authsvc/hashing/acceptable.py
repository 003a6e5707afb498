"""Which new passwords are refused, and why. No I/O after the first call, which reads the list.

Length, and whether others would guess it: no composition rules, no forced change (ASVS 5.0 6.2.4,
6.2.5, 6.2.10; NIST SP 800-63B-4 3.1.1.2). Asked at registration, change and reset, never at login:
a password that became common since must still open its account.
"""

import re
import unicodedata
from enum import StrEnum
from functools import cache
from importlib import resources

SHORTEST, LONGEST, LONGEST_BYTES = 8, 1024, 4096  # ASVS 5.0 6.2.1, 6.2.9; bytes bound the work
_LIST = "common_passwords.txt"  # says itself where it is from
_PLAIN = str.maketrans("@4301!$57", "aaeoiisst")  # how people write letters as signs
_FEW = 4
_TAIL = re.compile(rf"[\W\d_]{{1,{_FEW}}}$")  # what people put behind a word


class Refused(StrEnum):
    """Why a password is not taken: what a client can act upon."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    LIKE_LOGIN = "like_login"
    UNCHANGED = "unchanged"

    @property
    def told(self) -> str:
        """For people."""
        return _TOLD[self]


_TOLD = {
    Refused.TOO_SHORT: f"must have at least {SHORTEST} characters",
    Refused.TOO_LONG: f"must have at most {LONGEST} characters and {LONGEST_BYTES} bytes",
    Refused.COMMON: "is among the first that attackers try; take one that nobody else has",
    Refused.LIKE_LOGIN: "must not be the login, or nearly",
    Refused.UNCHANGED: "must be another than the current one",
}


def bad_length(password: str) -> Refused | None:
    """Whether it is too short or too long. A character is a code point, as it was received."""
    if len(password) < SHORTEST:
        return Refused.TOO_SHORT
    return Refused.TOO_LONG if oversized(password) else None


def oversized(password: str) -> bool:
    """Longer than any password here: not worth normalising, which takes long for many accents."""
    return len(password) > LONGEST or len(password.encode()) > LONGEST_BYTES


def refusal(password: str, login: str) -> Refused | None:
    """Why this cannot be the password of that login, or None."""
    if found := bad_length(password):
        return found
    variants = _variants(_folded(password))
    if login and _near(_folded(login), variants):
        return Refused.LIKE_LOGIN
    return Refused.COMMON if variants & common() or _one_sign(password) else None


@cache
def common() -> frozenset[str]:
    """The list: case-folded, NFC, of SHORTEST characters or more."""
    text = (resources.files("authsvc.hashing") / _LIST).read_text("utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("# "))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _variants(folded: str) -> set[str]:
    """What the password is when the usual disguises are taken off."""
    shorn = _TAIL.sub("", folded)
    return {folded, shorn, folded.translate(_PLAIN), shorn.translate(_PLAIN), folded[::-1]}


def _near(login: str, variants: set[str]) -> bool:
    """The login, twice, without its own tail, or with a few signs behind it."""
    known = {login, login * 2, _TAIL.sub("", login)} - {""}
    return bool(known & variants) or any(
        one.startswith(login) and len(one) <= len(login) + _FEW for one in variants
    )


def _one_sign(password: str) -> bool:
    return len(set(password)) == 1
