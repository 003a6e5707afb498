"""Passwords that are replaced: by their owner, by a reset, by a better hash of the same."""

from dataclasses import dataclass
from uuid import UUID

from authsvc import resets
from authsvc.hashing.passwords import StoredHash
from authsvc.metrics import EndReason
from authsvc.origin import Origin
from authsvc.store.accounts import Account
from authsvc.store.audit import audited
from authsvc.store.database import Statements
from authsvc.store.sessions import LIVE


@dataclass(frozen=True, slots=True)
class Reset:
    """A reset that can still be used, and for whom."""

    reset_id: UUID
    user_id: UUID
    login: str


class Passwords:
    """Every method raises DatabaseUnavailableError."""

    def __init__(self, database: Statements) -> None:
        self._database = database

    async def change(
        self, origin: Origin, session_id: UUID, account: Account, new: StoredHash
    ) -> int | None:
        """The owner's new password; voids the account's resets; how many other sessions ended.

        None, and nothing is changed, if the session ended meanwhile or the password is another.
        """
        values = (*_row(new), account.user_id, account.changed_at, session_id)
        row = await self._database.row(_CHANGE, *origin.values, *values)
        return None if row is None else row["ended"]

    async def refuse_change(self, origin: Origin, user_id: UUID) -> None:
        """Keep that somebody in a session did not know its password."""
        await self._database.row(_REFUSE_CHANGE, *origin.values, user_id)

    async def renew(self, account: Account, old: StoredHash, new: StoredHash) -> bool:
        """Another hash of the same password, unless that was replaced meanwhile.

        `changed_at` stays: no password changed, so no login that is under way is refused for it.
        """
        row = await self._database.row(_RENEW, *_row(new), account.user_id, old.hash)
        return row is not None

    async def request_reset(self, origin: Origin, login_norm: str | None) -> None:
        """Send the account a reset, if there is one, it is active, and it was not sent too many.

        The statement is the same for a login that nobody has, and the audit event is written too.
        """
        values = (login_norm, resets.LIFETIME, resets.MOST, resets.WITHIN)
        await self._database.row(_REQUEST_RESET, *origin.values, *values)

    async def reset(self, reset_id: UUID) -> Reset | None:
        """The reset of a token that was not used, voided or left for too long."""
        row = await self._database.row(_RESET, reset_id)
        return None if row is None else Reset(row["id"], row["user_id"], row["login"])

    async def finish_reset(self, origin: Origin, reset_id: UUID, new: StoredHash) -> int | None:
        """The new password; uses the reset up; how many sessions ended. None if it is used up."""
        row = await self._database.row(_FINISH_RESET, *origin.values, *_row(new), reset_id)
        return None if row is None else row["ended"]

    async def refuse_reset(self, origin: Origin, reset_id: UUID) -> None:
        """Keep that a token of ours was tried too late, or twice."""
        await self._database.row(_REFUSE_RESET, *origin.values, reset_id)


def _row(made: StoredHash) -> tuple[str, str, int, int | None]:
    return made.scheme, made.hash, made.cost, made.pepper_kid


_BY_CHANGE = """'{"by": "change"}'::jsonb"""
_BY_RESET = """'{"by": "reset"}'::jsonb"""
_VOID = "update password_resets set used_at = now() where used_at is null and user_id in"
_TELL = "insert into outbox (kind, user_id) select 'password_changed', user_id from"

_CHANGE = f"""
with changed as (
    update credentials c
    set scheme = $6, hash = $7, cost = $8, pepper_kid = $9, changed_at = now(), must_change = false
    from users u, sessions s
    where c.user_id = $10 and c.changed_at = $11 and u.id = c.user_id and u.status = 'active'
      and s.id = $12 and s.user_id = u.id and {LIVE}
    returning c.user_id, s.id as session_id
), ended as (
    update sessions s set ended_at = now(), end_reason = '{EndReason.PASSWORD_CHANGE}' from changed
    where s.user_id = changed.user_id and s.id <> changed.session_id and s.ended_at is null
    returning 1
), voided as ({_VOID} (select user_id from changed)
), told as ({_TELL} changed
), audit as (
    {audited("authn_password_change", "changed", session="session_id", detail=_BY_CHANGE)}
)
select (select count(*) from ended) as ended from changed
"""  # noqa: S608 # constants only

_REFUSE_CHANGE = audited(
    "authn_password_change_fail", "(values ($6::uuid)) as refused (user_id)", detail=_BY_CHANGE
)

_RENEW = """
update credentials set scheme = $1, hash = $2, cost = $3, pepper_kid = $4
where user_id = $5 and hash = $6
returning user_id
"""

_SEND = """
    insert into password_resets (user_id, expires_at) select user_id, now() + $7::interval from {of}
    returning id, user_id
), mail as (
    insert into outbox (kind, user_id, reset_id) select 'password_reset', user_id, id from made
"""

# The count lies in the row that is updated: parallel requests queue up for it and see each other.
_REQUEST_RESET = f"""
with due as (
    update users u
    set resets_sent = case when resets_since > now() - $9::interval then resets_sent + 1 else 1 end,
        resets_since =
            case when resets_since > now() - $9::interval then resets_since else now() end
    where u.login_norm = $6 and u.status = 'active'
      and (resets_sent < $8 or resets_since <= now() - $9::interval)
    returning u.id as user_id
), made as ({_SEND.format(of="due")}
), audit as (
    {audited("password_reset_requested", "(select (select user_id from made)) as asked (user_id)")}
)
select 1
"""  # noqa: S608 # constants only

# Only the newest counts. Not by voiding the others as it is made: of two made at the same time,
# neither would see the other.
_USABLE = """r.used_at is null and r.expires_at > now() and u.status = 'active' and not exists (
    select from password_resets n
    where n.user_id = r.user_id and (n.created_at, n.id) > (r.created_at, r.id)
)"""

_RESET = f"""
select r.id, r.user_id, u.login from password_resets r join users u on u.id = r.user_id
where r.id = $1 and {_USABLE}
"""  # noqa: S608 # constants only

_FINISH_RESET = f"""
with used as (
    update password_resets r set used_at = now() from users u
    where r.id = $10 and u.id = r.user_id and {_USABLE}
    returning r.user_id
), changed as (
    insert into credentials (user_id, scheme, hash, cost, pepper_kid)
    select user_id, $6, $7, $8, $9 from used
    on conflict (user_id) do update
    set scheme = $6, hash = $7, cost = $8, pepper_kid = $9, changed_at = now(), must_change = false
), ended as (
    update sessions set ended_at = now(), end_reason = '{EndReason.PASSWORD_RESET}'
    where user_id in (select user_id from used) and ended_at is null
    returning 1
), told as ({_TELL} used
), audit as ({audited("authn_password_change", "used", detail=_BY_RESET)})
select user_id, (select count(*) from ended) as ended from used
"""  # noqa: S608 # constants only

_REFUSE_RESET = audited(
    "authn_password_change_fail",
    "(select user_id from password_resets where id = $6::uuid) as refused",
    detail=_BY_RESET,
)
