"""The ways in which a login can be refused, each with accounts of its own in the database."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from authsvc.hashing.passwords import Hasher

PASSWORD = "the one that nobody guesses"  # noqa: S105 # of accounts that live for a minute
WRONG = "not the right password"
KNOWN = "known, wrong"
ACCOUNTS = 50  # of each kind, so that none is hot
_DELETE = "delete"
_MALFORMED = "set hash = 'x'"


@dataclass(frozen=True)
class Refusal:
    """One kind: which logins, what is typed, and what is done to its accounts (SQL) before."""

    name: str
    stem: str  # of its logins; `nobody` has no accounts
    password: str = WRONG
    users: str = ""
    credentials: str = ""

    def logins(self) -> Iterator[str]:
        """For ever, each of its accounts in turn."""
        return (f"{self.stem}{number:04d}" for number in itertools.cycle(range(ACCOUNTS)))


def refusals(pepper: bytes, cost: int) -> list[Refusal]:
    """All of them; the first is what the others are compared with."""
    cheap = Hasher.prepare(pepper, max(4, cost - 2)).create(PASSWORD).hash
    return [
        Refusal(KNOWN, "known"),
        Refusal("known, wrong, again", "again"),  # what no difference looks like
        Refusal("unknown", "nobody"),
        Refusal("a name that cannot be", "no such "),
        Refusal("empty password", "empty", password=""),
        Refusal("password of 5000 bytes", "long", password="x" * 5000),
        Refusal("disabled, right password", "closed", PASSWORD, users="set status = 'disabled'"),
        Refusal("no password set", "unset", credentials=_DELETE),
        Refusal("stored hash malformed", "broken", credentials=_MALFORMED),
        Refusal("stored cost two lower", "cheap", credentials=f"set hash = '{cheap}'"),
        Refusal("must change", "forced", credentials="set must_change = true"),
    ]


def statements(refusal: Refusal) -> Iterator[tuple[str, str]]:
    """What makes its accounts so, each with the pattern of their logins."""
    pattern = f"{refusal.stem}%"
    of_user = "where user_id in (select id from users where login_norm like $1)"
    if refusal.users:
        yield f"update users {refusal.users} where login_norm like $1", pattern  # ours
    if refusal.credentials == _DELETE:
        yield f"delete from credentials {of_user}", pattern  # noqa: S608 # ours
    elif refusal.credentials:
        yield f"update credentials {refusal.credentials} {of_user}", pattern  # ours
