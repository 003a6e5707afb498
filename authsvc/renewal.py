"""What a refresh token that is genuine gets: the decision, apart from the database.

Rotation with detection of reuse (RFC 9700 section 4.14.2, ASVS 5.0 10.4.5): a token is used once,
and one that comes back was stolen, by the first who used it or by the second. But an answer can get
lost on its way, and a browser's two tabs refresh at once; so the immediate predecessor, and no
older one, gets for a short while what it got before.
"""

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import NamedTuple

GRACE = timedelta(seconds=10)  # a lost answer is asked for again within a client's timeout


class Verdict(Enum):
    """What is to be done."""

    ROTATE = auto()  # the current token: on to the next generation
    REPEAT = auto()  # the one before, just now: the current generation's tokens once more
    REUSE = auto()  # older than that: end the session, whoever holds it
    GONE = auto()  # there is no such session any more


class Held(NamedTuple):
    """A session as the database has it; times of the database's clock."""

    live: bool
    generation: int
    rotated_ago: timedelta | None
    expires_at: datetime
    access_for: timedelta
    """How long the current access token lasts from now on."""
    access_hash: bytes


def judge(presented: int, held: Held | None) -> Verdict:
    """What a genuine refresh token of generation `presented` gets."""
    if held is None or not held.live or presented > held.generation:
        return Verdict.GONE  # newer than ours: the database was set back to a backup
    if presented == held.generation:
        return Verdict.ROTATE
    predecessor = presented == held.generation - 1
    if predecessor and held.rotated_ago is not None and held.rotated_ago <= GRACE:
        return Verdict.REPEAT
    return Verdict.REUSE
