"""Which names can be registered, and how two spellings become one. No I/O."""

import re

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}", re.ASCII)
POLICY = "must be 3 to 64 of a-z, 0-9, '.', '_' and '-', and begin with a letter or digit"


def normalise(login: str) -> str | None:
    """The key that an account is stored under, or None for a name that no account can have.

    ASCII only, and refused instead of repaired: `str.lower` turns the Kelvin sign into `k`, so
    anything outside ASCII is turned away before it.
    """
    if not login.isascii():
        return None
    lowered = login.lower()
    return lowered if _LOGIN.fullmatch(lowered) else None
