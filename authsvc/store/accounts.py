"""Accounts: who can log in, and by what."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from authsvc.hashing.passwords import StoredHash
from authsvc.metrics import EndReason
from authsvc.origin import Origin
from authsvc.store.audit import audited
from authsvc.store.database import Statements


@dataclass(frozen=True, slots=True)
class Account:
    """What a login is checked against."""

    user_id: UUID
    active: bool
    password: StoredHash | None
    """None: an account that an operator made, and whose owner has not set one yet."""
    changed_at: datetime | None
    must_change: bool = False
    """An operator wants another password: this one opens nothing until it was reset."""


class Accounts:
    """Users and their credentials. Every method raises DatabaseUnavailableError."""

    def __init__(self, database: Statements) -> None:
        self._database = database

    async def find(self, login_norm: str | None) -> Account | None:
        """The account of a normalised login; None asks too, so that it takes as long."""
        row = await self._database.row(_FIND, login_norm)
        if row is None:
            return None
        password = None
        if row["hash"] is not None:
            password = StoredHash(row["scheme"], row["hash"], row["cost"], row["pepper_kid"])
        active = row["status"] == "active"
        return Account(row["id"], active, password, row["changed_at"], bool(row["must_change"]))

    async def register(
        self, origin: Origin, login: str, login_norm: str, password: StoredHash
    ) -> UUID | None:
        """A new user's id, or None if the login is taken."""
        row = await self._database.row(
            _REGISTER,
            *origin.values,
            *(login, login_norm),
            *(password.scheme, password.hash, password.cost, password.pepper_kid),
        )
        return None if row is None else row["id"]

    async def refuse_login(self, origin: Origin, user_id: UUID | None) -> None:
        """Keep that a login was refused, known account or not."""
        await self._database.row(_REFUSE_LOGIN, *origin.values, user_id)

    async def switch(self, origin: Origin, login_norm: str, *, active: bool) -> bool:
        """Open or close an account; closing ends its sessions. False if nothing had to be done."""
        statement = _ENABLE if active else _DISABLE
        return await self._database.row(statement, *origin.values, login_norm) is not None

    async def schema_version(self) -> int:
        """The newest migration that the database has."""
        row = await self._database.row("select max(version) as newest from schema_migrations")
        return int(row["newest"] or 0)


_FIND = """
select u.id, u.status, c.scheme, c.hash, c.cost, c.pepper_kid, c.changed_at, c.must_change
from users u left join credentials c on c.user_id = u.id
where u.login_norm = $1 and u.status <> 'deleted'
"""

_REGISTER = f"""
with made as (
    insert into users (login, login_norm) values ($6, $7)
    on conflict (login_norm) where status <> 'deleted' do nothing
    returning id as user_id
), password as (
    insert into credentials (user_id, scheme, hash, cost, pepper_kid)
    select user_id, $8, $9, $10, $11 from made
), audit as ({audited("user_created", "made")})
select user_id as id from made
"""  # noqa: S608 # constants only

_SWITCH = """
    update users set status = '{to}', updated_at = now()
    where login_norm = $6 and status = '{of}' returning id as user_id
"""
_ENABLE = f"""
with switched as ({_SWITCH.format(to="active", of="disabled")}),
audit as ({audited("user_updated", "switched", detail=''''{"status": "active"}'::jsonb''')})
select user_id from switched
"""  # noqa: S608 # constants only
_DISABLE = f"""
with switched as ({_SWITCH.format(to="disabled", of="active")}),
ended as (
    update sessions set ended_at = now(), end_reason = '{EndReason.DISABLED}'
    where user_id in (select user_id from switched) and ended_at is null
), audit as ({audited("user_updated", "switched", detail=''''{"status": "disabled"}'::jsonb''')})
select user_id from switched
"""  # noqa: S608 # constants only

_REFUSE_LOGIN = audited("authn_login_fail", "(values ($6::uuid)) as refused (user_id)")
