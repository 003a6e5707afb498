"""Sessions: begun by a login, held by tokens, ended by many things.

Times are the database's, so that instances need not agree on one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from authsvc.metrics import EndReason
from authsvc.origin import Origin, Source
from authsvc.store.accounts import Account
from authsvc.store.audit import audited
from authsvc.store.database import Database

LIFETIME = timedelta(hours=12)  # ASVS 5.0 7.3.2: an end that activity does not move
IDLE = timedelta(hours=1)  # ASVS 5.0 7.3.1: who left without logging out
ACCESS = timedelta(minutes=15)  # what a token that leaked from a log is good for
SEEN_EVERY = timedelta(minutes=1)  # a use is written down this often at most
KEPT = timedelta(days=7)  # after its end, for whoever has to look into an incident
MOST_LISTED = 100

LIVE = "s.ended_at is null and s.expires_at > now() and s.idle_expires_at > now()"
BY_ACCESS = f"""
from sessions s join users u on u.id = s.user_id
where s.access_hash = {{}} and s.access_expires_at > now() and {LIVE} and u.status = 'active'
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """How long what was handed out lasts: the session at most, the access token from now on."""

    session_id: UUID
    expires_at: datetime
    access_for: timedelta


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose token it is."""

    user_id: UUID
    login: str
    session_id: UUID
    expires_at: datetime
    unseen: bool
    """Whether the last use that was written down is SEEN_EVERY ago."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A live session as its owner sees it."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: Source | None
    user_agent: str | None
    current: bool


class Sessions:
    """Who is logged in. Every method raises DatabaseUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self, origin: Origin, account: Account, session_id: UUID, access_hash: bytes
    ) -> Grant | None:
        """A session, or None if the account was disabled or got a new password meanwhile."""
        row = await self._database.row(
            _BEGIN,
            *origin.values,
            *(account.user_id, account.changed_at, session_id, access_hash),
            *(LIFETIME, IDLE, ACCESS, origin.user_agent),
        )
        return None if row is None else Grant(row["id"], row["expires_at"], row["access_for"])

    async def owner(self, access_hash: bytes) -> Owner | None:
        """Who holds a live token."""
        row = await self._database.row(_OWNER, access_hash, SEEN_EVERY)
        return None if row is None else Owner(*row)

    async def live(self, access_hash: bytes) -> list[Listed]:
        """The sessions of a token's holder, its own first, then the newest; none if it is dead."""
        rows = await self._database.rows(_LIVE, access_hash, MOST_LISTED)
        return [Listed(*row) for row in rows]

    async def end(self, origin: Origin, access_hash: bytes) -> bool:
        """Log out; False if there was no live session."""
        return await self._database.row(_END, *origin.values, access_hash) is not None

    async def end_one(self, origin: Origin, access_hash: bytes, session_id: UUID) -> bool | None:
        """End one of the holder's sessions; False if he has no such, None if the token is dead."""
        row = await self._database.row(_END_ONE, *origin.values, access_hash, session_id)
        return row["ended"] > 0 if row["known"] else None

    async def end_others(self, origin: Origin, access_hash: bytes) -> int | None:
        """End all of the holder's sessions but this; how many, or None if the token is dead."""
        row = await self._database.row(_END_OTHERS, *origin.values, access_hash)
        return int(row["ended"]) if row["known"] else None

    async def revoke(
        self, origin: Origin, access_hash: bytes | None, session_id: UUID | None
    ) -> bool:
        """End the session that a token of either kind belongs to; False if it has ended."""
        row = await self._database.row(_REVOKE, *origin.values, access_hash, session_id)
        return row is not None

    async def seen(self, session_ids: list[UUID]) -> None:
        """Write down that they were used now, and move their idle end."""
        await self._database.row(_SEEN, session_ids, SEEN_EVERY, IDLE)

    async def sweep(self, most: int) -> int:
        """Delete up to `most` sessions that are over for longer than KEPT; how many it did."""
        row = await self._database.row(_SWEEP, KEPT, most)
        return int(row["swept"])


def ending(which: str, reason: EndReason, event: str) -> str:
    """Two parts of a `with`: sessions `s` that are `ended`, and an event for each."""
    told = audited(event, "ended", session="id", detail=f"""'{{"reason": "{reason}"}}'::jsonb""")
    return f"""
    ended as (
        update sessions s set ended_at = now(), end_reason = '{reason}' {which}
        returning s.id, s.user_id
    ), audit as ({told})
    """  # noqa: S608 # constants only


_BEGIN = f"""
with begun as (
    insert into sessions (
        user_id, id, access_hash, expires_at, idle_expires_at, access_expires_at, ip, user_agent
    )
    select u.id, $8, $9, now() + $10::interval, now() + $11::interval, now() + $12::interval,
        $3::inet, $13
    from users u join credentials c on c.user_id = u.id
    where u.id = $6 and u.status = 'active' and c.changed_at = $7 and not c.must_change
    returning id, user_id, expires_at, access_expires_at - now() as access_for
), audit as ({audited("authn_login_success", "begun", session="id")})
select id, expires_at, access_for from begun
"""  # noqa: S608 # constants only

_OWNER = f"""
select u.id, u.login, s.id, s.expires_at, s.last_seen_at < now() - $2::interval
{BY_ACCESS.format("$1")}
"""

_LIVE = f"""
with me as (select s.user_id, s.id {BY_ACCESS.format("$1")})
select s.id, s.created_at, s.last_seen_at, s.expires_at, s.ip, s.user_agent, s.id = me.id as current
from me join sessions s on s.user_id = me.user_id
where {LIVE}
order by current desc, s.created_at desc
limit $2
"""  # noqa: S608 # constants only

_END = f"""
with {
    ending(
        f"where s.access_hash = $6 and s.access_expires_at > now() and {LIVE}",
        EndReason.LOGOUT,
        "session_logout",
    )
}
select id from ended
"""  # noqa: S608 # constants only

_END_ONE = f"""
with me as (select s.user_id {BY_ACCESS.format("$6")}), {
    ending(
        f"from me where s.id = $7 and s.user_id = me.user_id and {LIVE}",
        EndReason.REVOKED,
        "session_expired",
    )
}
select exists (select from me) as known, (select count(*) from ended) as ended
"""  # noqa: S608 # constants only

# All of them are locked in one order, the holder's too: of two sessions that end each other at the
# same moment one wins, and they cannot wait for one another.
_END_OTHERS = f"""
with me as (select s.user_id {BY_ACCESS.format("$6")}), mine as (
    select s.id, s.access_hash = $6 as current
    from sessions s
    where s.user_id = (select user_id from me) and {LIVE}
    order by s.id
    for update
), {
    ending(
        '''from mine where s.id = mine.id and not mine.current
        and exists (select from mine where current)''',
        EndReason.REVOKED,
        "session_expired",
    )
}
select exists (select from mine where current) as known, (select count(*) from ended) as ended
"""  # noqa: S608 # constants only

_REVOKE = f"""
with {
    ending(
        f"where (s.access_hash = $6 or s.id = $7) and {LIVE}",
        EndReason.REVOKED,
        "authn_token_revoked",
    )
}
select id from ended
"""  # noqa: S608 # constants only

_SEEN = f"""
with used as (
    select s.id from sessions s
    where s.id = any($1::uuid[]) and s.last_seen_at < now() - $2::interval and {LIVE}
    order by s.id
    for update skip locked
)
update sessions s set last_seen_at = now(), idle_expires_at = now() + $3::interval
from used where s.id = used.id
"""  # noqa: S608 # constants only

_SWEEP = """
with over as (
    select id from sessions where expires_at < now() - $1::interval
    order by expires_at
    limit $2
    for update skip locked
), gone as (delete from sessions s using over where s.id = over.id returning 1)
select count(*) as swept from gone
"""
