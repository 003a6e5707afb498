"""Which names can be registered, and how two spellings become one. No I/O.

RFC 8265's UsernameCaseMapped says which characters a name can have and folds their case; the
alphabet then says which of those names are taken here. PRECIS also *maps*: the Kelvin sign and a
full-width K both come out as `k`. Names that it had to repair are refused, at registration and at
login alike, since who types such a name means somebody else's.
"""

import re
import unicodedata
from enum import StrEnum

from precis_i18n import get_profile

SHORTEST, LONGEST = 3, 64
_ASCII = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}", re.ASCII)
_PRECIS = get_profile("UsernameCaseMapped")


class Alphabet(StrEnum):
    """Which names are taken; `unicode` lets look-alikes of other scripts in."""

    ASCII = "ascii"
    UNICODE = "unicode"

    @property
    def policy(self) -> str:
        """What a name that is not taken is told."""
        return _POLICY[self]


_POLICY = {
    Alphabet.ASCII: "must be 3 to 64 of a-z, 0-9, '.', '_' and '-', and begin with one of a-z, 0-9",
    Alphabet.UNICODE: "must be 3 to 64 letters, digits and signs as RFC 8265 has them: no spaces, "
    "nothing full-width, invisible or standing in for something else",
}


def normalise(login: str, alphabet: Alphabet = Alphabet.ASCII) -> str | None:
    """The key that an account is stored under, or None for a name that no account can have."""
    if len(login) > LONGEST or not _unrepaired(login):
        return None
    try:
        key = _PRECIS.enforce(login)
    except UnicodeEncodeError:  # how the library says that a character is not allowed
        return None
    if alphabet is Alphabet.ASCII:
        return key if _ASCII.fullmatch(key) else None
    return key if SHORTEST <= len(key) <= LONGEST else None


def _unrepaired(login: str) -> bool:
    """Whether folding case, and putting accents on their letters, is all that PRECIS will do."""
    composed = unicodedata.normalize("NFC", login)
    if unicodedata.normalize("NFKC", login) != composed:
        return False  # full-width and other stand-ins
    return login in (composed, unicodedata.normalize("NFD", login))  # else twins: Kelvin, Ohm
