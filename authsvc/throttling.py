"""How many attempts may fail, what counts as the same, and how long one has to wait. No I/O.

An attempt is *claimed* before its password is looked at, on up to three keys: this login from this
source, this login from anywhere, this source with any login. A claim counts until it is given
back, so guesses that run at the same time, on however many instances, are all counted before the
first of them is checked. What becomes of it:

- it was right: pair and account begin anew, the source gets its claim back;
- it was wrong: it counts, and a key that has its limit of them is blocked for a while;
- it was never checked: everything is given back.

Blocks are temporary and grow: 30 s, doubled each time, at most 15 min. After each block of a pair
or an account one more attempt is let in; a right one ends the matter, a wrong one begins the next
block. After a block of a source its window begins anew, since many people may be behind it. What
was counted is forgotten after a quiet day.

The owner is not locked out: where an account has logged in from before, the account-wide limit
does not count, only that of the pair (and of the source). Nobody elsewhere can use those up.
"""

import hmac
import math
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from authsvc.keys import Purpose, derived
from authsvc.origin import Source
from authsvc.sources import counted

FIRST_BLOCK, LONGEST_BLOCK = timedelta(seconds=30), timedelta(minutes=15)
QUIET = timedelta(days=1)
LOST = timedelta(
    minutes=5
)  # no attempt takes so long: whoever claimed it was killed, and it counts
WINDOW = timedelta(minutes=10)  # of a source; pairs and accounts count failures in a row
AT_ONCE = 4
"""How many times its limit a source may have under way: right passwords too, as long as nobody has
looked at them. Two hundred people behind one address come to work at nine."""


class Scope(StrEnum):
    """What a key counts over."""

    PAIR = "pair"
    ACCOUNT = "account"
    SOURCE = "source"


class Deed(StrEnum):
    """What else is counted by source, each by itself; every one that was done counts."""

    REGISTER = "register"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Guess:
    """A password is to be checked; `login` is normalised, or as typed if no account can have it."""

    login: str = field(repr=False)
    user_id: UUID | None


@dataclass(frozen=True, slots=True)
class Rule:
    """`failures` begin a block; `at_once` are let in before any of them is known to be wrong."""

    failures: int
    at_once: int
    window: timedelta | None = None
    """How long failures count. None: all that came in a row, and each block lets one more in."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Failures that each scope may have; `math.inf` is off."""

    pair: float
    account: float
    source: float

    def rule(self, scope: Scope) -> Rule | None:
        """The rule of a scope, or None if it is off."""
        limit: float = getattr(self, scope)
        if limit == math.inf:
            return None
        if scope is Scope.SOURCE:
            return Rule(int(limit), AT_ONCE * int(limit), WINDOW)
        return Rule(int(limit), int(limit))


@dataclass(frozen=True, slots=True)
class Key:
    """One counter."""

    scope: Scope
    digest: bytes = field(repr=False)
    rule: Rule
    account: bytes | None = field(default=None, repr=False)
    """Whose pair or account it is, so that an operator can unlock all of them."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Makes counters' keys: HMACs, so that their table tells nobody which logins are tried."""

    secret: bytes = field(repr=False)
    limits: Limits

    @classmethod
    def of(cls, secret: bytes, limits: Limits) -> Self:
        """From the instance's one secret, the same on every instance."""
        return cls(derived(secret, Purpose.THROTTLE), limits)

    def of_target(self, target: Guess | Deed, source: Source | None) -> list[Key]:
        """The counters that an attempt is claimed on; the same whether or not the login exists."""
        where = counted(source)
        if isinstance(target, Deed):
            return self._key(Scope.SOURCE, self._digest(target, where))
        account = self.account(target.login)
        return [
            *self._key(Scope.PAIR, self._digest(Scope.PAIR, account + where), account),
            *self._key(Scope.ACCOUNT, account, account),
            *self._key(Scope.SOURCE, self._digest(Scope.SOURCE, where)),
        ]

    def account(self, login: str) -> bytes:
        """The key of a login over all sources."""
        return self._digest(Scope.ACCOUNT, login.encode())

    def place(self, source: Source | None) -> bytes:
        """A source as `known_sources` has it."""
        return self._digest("place", counted(source))

    def login_hmac(self, login: str) -> str:
        """What a log may say of a login that failed: people type passwords there."""
        return self._digest("log", login.encode()).hex()[:16]

    def _digest(self, kind: str, value: bytes) -> bytes:
        return hmac.digest(self.secret, kind.encode() + b"|" + value, "sha256")

    def _key(self, scope: Scope, digest: bytes, account: bytes | None = None) -> list[Key]:
        rule = self.limits.rule(scope)
        return [] if rule is None else [Key(scope, digest, rule, account)]


def block(before: int) -> timedelta:
    """How long a key is blocked that was blocked `before` times."""
    doublings = min(before, 30)  # beyond any cap, and still few enough for a timedelta
    return min(FIRST_BLOCK * (1 << doublings), LONGEST_BLOCK)


def blocks() -> list[timedelta]:
    """Every length there is, in order; the last one stands for all that follow."""
    lengths = [block(0)]
    while lengths[-1] < LONGEST_BLOCK:
        lengths.append(block(len(lengths)))
    return lengths


def retry_after(wait: float) -> int:
    """Whole seconds (RFC 9110 10.2.3), rounded up: who comes back then is not too early."""
    return max(1, math.ceil(wait))
