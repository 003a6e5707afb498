"""What the service keeps: each change and its audit event in one statement.

A row of `audit_events` and the change it tells of are written by the same statement, so neither can
exist without the other, and no success is answered before both do.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from authsvc.database import Database
from authsvc.passwords import StoredHash

SESSION_LIFETIME = timedelta(hours=12)  # ASVS 5.0 7.3.2: an end that activity does not move


@dataclass(frozen=True, slots=True)
class Account:
    """What a login is checked against."""

    user_id: UUID
    active: bool
    password: StoredHash


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


class Store:
    """Users, sessions and audit events. Every method raises DatabaseUnavailableError."""

    def __init__(self, database: Database, instance: str) -> None:
        self._database = database
        self._instance = instance

    async def account(self, login_norm: str | None) -> Account | None:
        """The account of a normalised login; None asks too, so that it takes as long."""
        row = await self._database.row(_ACCOUNT, login_norm)
        if row is None:
            return None
        password = StoredHash(row["scheme"], row["hash"], row["cost"])
        return Account(row["id"], row["status"] == "active", password)

    async def register(
        self, login: str, login_norm: str, password: StoredHash, request_id: str
    ) -> UUID | None:
        """A new user's id, or None if the login is taken."""
        row = await self._database.row(
            _REGISTER,
            *(login, login_norm, password.scheme, password.hash, password.cost),
            *(request_id, self._instance),
        )
        return None if row is None else row["id"]

    async def begin_session(
        self, account: Account, access_hash: bytes, request_id: str
    ) -> Session | None:
        """A session, or None if the account was disabled or got a new password meanwhile."""
        row = await self._database.row(
            _BEGIN_SESSION,
            *(account.user_id, account.password.hash, access_hash, SESSION_LIFETIME),
            *(request_id, self._instance),
        )
        return None if row is None else Session(row["id"], row["expires_at"])

    async def refuse_login(self, user_id: UUID | None, request_id: str) -> None:
        """Keep that a login was refused, known account or not."""
        await self._database.row(_REFUSE_LOGIN, user_id, request_id, self._instance)

    async def owner(self, access_hash: bytes) -> Owner | None:
        """Who holds a live token."""
        row = await self._database.row(_OWNER, access_hash)
        return None if row is None else Owner(row["id"], row["login"])

    async def end_session(self, access_hash: bytes, request_id: str) -> bool:
        """Log out; False if there was no live session."""
        row = await self._database.row(_END_SESSION, access_hash, request_id, self._instance)
        return row is not None

    async def schema_version(self) -> int:
        """The newest migration that the database has."""
        row = await self._database.row("select max(version) as newest from schema_migrations")
        return int(row["newest"] or 0)


_ACCOUNT = """
select u.id, u.status, c.scheme, c.hash, c.cost
from users u join credentials c on c.user_id = u.id
where u.login_norm = $1 and u.status <> 'deleted'
"""

_REGISTER = """
with made as (
    insert into users (login, login_norm) values ($1, $2)
    on conflict (login_norm) where status <> 'deleted' do nothing
    returning id
), password as (
    insert into credentials (user_id, scheme, hash, cost) select id, $3, $4, $5 from made
), audit as (
    insert into audit_events (event, user_id, request_id, instance)
    select 'user_created', id, $6, $7 from made
)
select id from made
"""

_BEGIN_SESSION = """
with begun as (
    insert into sessions (user_id, access_hash, expires_at)
    select u.id, $3, now() + $4::interval
    from users u join credentials c on c.user_id = u.id
    where u.id = $1 and u.status = 'active' and c.hash = $2
    returning id, user_id, expires_at
), audit as (
    insert into audit_events (event, user_id, session_id, request_id, instance)
    select 'authn_login_success', user_id, id, $5, $6 from begun
)
select id, expires_at from begun
"""

_REFUSE_LOGIN = """
insert into audit_events (event, user_id, request_id, instance)
values ('authn_login_fail', $1, $2, $3)
"""

_OWNER = """
select u.id, u.login
from sessions s join users u on u.id = s.user_id
where s.access_hash = $1 and s.ended_at is null and s.expires_at > now() and u.status = 'active'
"""

_END_SESSION = """
with ended as (
    update sessions set ended_at = now(), end_reason = 'logout'
    where access_hash = $1 and ended_at is null and expires_at > now()
    returning id, user_id
), audit as (
    insert into audit_events (event, user_id, session_id, request_id, instance)
    select 'session_logout', user_id, id, $2, $3 from ended
)
select id from ended
"""
