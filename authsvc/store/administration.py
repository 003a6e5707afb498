"""What operators do to accounts: each deed, what follows from it and its audit events at once.

An operator starts a reset and never chooses a password (ASVS 5.0 6.4.6): a new account has no
credential until its owner has followed the message in the outbox.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from authsvc import resets
from authsvc.metrics import EndReason
from authsvc.origin import Origin
from authsvc.store.audit import audited
from authsvc.store.database import Statements


class Status(StrEnum):
    """Whether an account may be used."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class User:
    """An account as operators see it."""

    id: UUID
    login: str
    status: Status
    created_at: datetime
    updated_at: datetime
    has_password: bool
    must_change: bool
    live_sessions: int


@dataclass(frozen=True, slots=True)
class LiveSession:
    """Where somebody is logged in."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None


class Administration:
    """Accounts in the hands of operators. Every method raises DatabaseUnavailableError."""

    def __init__(self, database: Statements) -> None:
        self._database = database

    async def user(self, user_id: UUID) -> User | None:
        """An account that was not deleted."""
        row = await self._database.row(_USER.format("u.id = $1"), user_id)
        return None if row is None else User(**row)

    async def named(self, login_norm: str | None) -> User | None:
        """The account of a normalised login."""
        row = await self._database.row(_USER.format("u.login_norm = $1"), login_norm)
        return None if row is None else User(**row)

    async def sessions(self, user_id: UUID) -> list[LiveSession]:
        """An account's live sessions, the newest first."""
        return [LiveSession(**row) for row in await self._database.rows(_SESSIONS, user_id)]

    async def create(self, origin: Origin, login: str, login_norm: str) -> UUID | None:
        """A new account without a password, and a reset on its way; None if the login is taken."""
        row = await self._database.row(_CREATE, *origin.values, login, login_norm, resets.LIFETIME)
        return None if row is None else row["id"]

    async def disable(self, origin: Origin, user_id: UUID) -> int | None:
        """No more logins, and how many sessions ended; None if it was not active."""
        return _count(await self._database.row(_DISABLE, *origin.values, user_id))

    async def enable(self, origin: Origin, user_id: UUID) -> int | None:
        """Logins again; None if it was not disabled. What a login that raced with the disabling
        left behind ends here, so that no session comes back to life; the number of those."""
        return _count(await self._database.row(_ENABLE, *origin.values, user_id))

    async def end_sessions(self, origin: Origin, user_id: UUID) -> int:
        """How many sessions ended."""
        return _count(await self._database.row(_END_SESSIONS, *origin.values, user_id)) or 0

    async def start_reset(self, origin: Origin, user_id: UUID) -> int | None:
        """The password must change, a message is on its way, earlier ones are void; how many
        sessions ended. None if the account is not active: whoever disabled it has to agree."""
        row = await self._database.row(_RESET, *origin.values, user_id, resets.LIFETIME)
        return _count(row)


def _count(row: dict[str, int] | None) -> int | None:
    return None if row is None else row["ended"]


_USER = """
select u.id, u.login, u.status, u.created_at, u.updated_at,
       c.user_id is not null as has_password, coalesce(c.must_change, false) as must_change,
       (select count(*) from sessions s
        where s.user_id = u.id and s.ended_at is null and s.expires_at > now()) as live_sessions
from users u left join credentials c on c.user_id = u.id
where {} and u.status <> 'deleted'
"""

_SESSIONS = """
select id, created_at, last_seen_at, expires_at, host(ip) as ip, user_agent from sessions
where user_id = $1 and ended_at is null and expires_at > now()
order by created_at desc, id
"""


def _deed(changed: str, event: str, detail: str, end_reason: EndReason) -> str:
    """A change of one account (as a `with` query named by its columns), its event, and the end of
    all its sessions with an event for each."""
    return f"""
with changed as ({changed}
), ended as (
    update sessions set ended_at = now(), end_reason = '{end_reason}'
    where user_id in (select user_id from changed) and ended_at is null and expires_at > now()
    returning id, user_id
), audit as ({audited(event, "changed", detail=detail)}
), audit_sessions as ({audited("session_ended_by_admin", "ended", session="id")})
select (select count(*) from ended) as ended from changed
"""  # noqa: S608 # constants only


def _with_status(before: Status, after: Status) -> str:
    return f"""
    update users set status = '{after}', updated_at = now()
    where id = $6 and status = '{before}' returning id as user_id"""  # noqa: S608 # constants only


_DISABLE = _deed(
    _with_status(Status.ACTIVE, Status.DISABLED),
    *("user_updated", """'{"status": "disabled"}'::jsonb""", EndReason.DISABLED),
)

_ENABLE = _deed(
    _with_status(Status.DISABLED, Status.ACTIVE),
    *("user_updated", """'{"status": "active"}'::jsonb""", EndReason.DISABLED),
)

_MESSAGE = """
    insert into password_resets (user_id, expires_at)
    select user_id, now() + {lifetime}::interval from {of} returning id, user_id
), message as (
    insert into outbox (kind, user_id, reset_id) select 'password_reset', user_id, id from reset"""

_CREATE = f"""
with made as (
    insert into users (login, login_norm) values ($6, $7)
    on conflict (login_norm) where status <> 'deleted' do nothing
    returning id as user_id
), reset as ({_MESSAGE.format(of="made", lifetime="$8")}
), audit as ({audited("user_created", "made")}
), audit_reset as ({audited("password_reset_requested", "reset")})
select user_id as id from made
"""  # noqa: S608 # constants only

_RESET = f"""
with changed as (
    select id as user_id from users where id = $6 and status = 'active' for update
), flagged as (
    update credentials set must_change = true where user_id in (select user_id from changed)
), void as (
    update password_resets set used_at = now()
    where user_id in (select user_id from changed) and used_at is null
), reset as ({_MESSAGE.format(of="changed", lifetime="$7")}
), ended as (
    update sessions set ended_at = now(), end_reason = '{EndReason.PASSWORD_RESET}'
    where user_id in (select user_id from changed) and ended_at is null and expires_at > now()
    returning id, user_id
), audit as ({audited("password_reset_requested", "reset")}
), audit_sessions as ({audited("session_ended_by_admin", "ended", session="id")})
select (select count(*) from ended) as ended from changed
"""  # noqa: S608 # constants only

_END_SESSIONS = f"""
with ended as (
    update sessions set ended_at = now(), end_reason = '{EndReason.ADMIN}'
    where user_id = $6 and ended_at is null and expires_at > now()
    returning id, user_id
), audit as ({audited("session_ended_by_admin", "ended", session="id")})
select count(*) as ended from ended
"""  # noqa: S608 # constants only
