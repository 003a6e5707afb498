"""Sessions: begun by a login, held by a token, ended by many things."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from authsvc.origin import Origin
from authsvc.store.accounts import Account
from authsvc.store.audit import audited
from authsvc.store.database import Database

LIFETIME = timedelta(hours=12)  # ASVS 5.0 7.3.2: an end that activity does not move


@dataclass(frozen=True, slots=True)
class Session:
    """A session that was begun."""

    session_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose token it is."""

    user_id: UUID
    login: str
    session_id: UUID


class Sessions:
    """Who is logged in. Every method raises DatabaseUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, origin: Origin, account: Account, access_hash: bytes) -> Session | None:
        """A session, or None if the account was disabled or got a new password meanwhile."""
        row = await self._database.row(
            _BEGIN,
            *origin.values,
            *(account.user_id, account.changed_at, access_hash, LIFETIME),
        )
        return None if row is None else Session(row["id"], row["expires_at"])

    async def owner(self, access_hash: bytes) -> Owner | None:
        """Who holds a live token."""
        row = await self._database.row(_OWNER, access_hash)
        return None if row is None else Owner(row["id"], row["login"], row["session_id"])

    async def end(self, origin: Origin, access_hash: bytes) -> bool:
        """Log out; False if there was no live session."""
        return await self._database.row(_END, *origin.values, access_hash) is not None


_BEGIN = f"""
with begun as (
    insert into sessions (user_id, access_hash, expires_at)
    select u.id, $8, now() + $9::interval
    from users u join credentials c on c.user_id = u.id
    where u.id = $6 and u.status = 'active' and c.changed_at = $7 and not c.must_change
    returning id, user_id, expires_at
), audit as ({audited("authn_login_success", "begun", session="id")})
select id, expires_at from begun
"""  # noqa: S608 # constants only

_OWNER = """
select u.id, u.login, s.id as session_id
from sessions s join users u on u.id = s.user_id
where s.access_hash = $1 and s.ended_at is null and s.expires_at > now() and u.status = 'active'
"""

_END = f"""
with ended as (
    update sessions set ended_at = now(), end_reason = 'logout'
    where access_hash = $6 and ended_at is null and expires_at > now()
    returning id, user_id
), audit as ({audited("session_logout", "ended", session="id")})
select id from ended
"""  # noqa: S608 # constants only
