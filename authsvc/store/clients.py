"""Programs and operators that may ask about others: each with a token of its own."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from authsvc.origin import Origin
from authsvc.store.audit import audited
from authsvc.store.database import Statements


class Role(StrEnum):
    """What a client may do: ask about tokens, or look after accounts."""

    SERVICE = "service"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Client:
    """One of them, without its token: that is not kept."""

    name: str
    role: Role
    created_at: datetime
    revoked_at: datetime | None


class Clients:
    """Every method raises what its `statements` raise."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def name(self, token_hash: bytes, role: Role) -> str | None:
        """Whose token it is, if it is one of that role and was not revoked."""
        row = await self._statements.row(_NAME, token_hash, role)
        return None if row is None else str(row["name"])

    async def all(self) -> list[Client]:
        """Every client there is or was, by name."""
        rows = await self._statements.rows(_ALL)
        return [Client(r["name"], Role(r["role"]), r["created_at"], r["revoked_at"]) for r in rows]

    async def add(self, origin: Origin, name: str, role: Role, token_hash: bytes) -> bool:
        """A new client; False if the name is taken, also by a revoked one: the audit names it."""
        return await self._statements.row(_ADD, *origin.values, name, role, token_hash) is not None

    async def revoke(self, origin: Origin, name: str) -> bool:
        """From now on its token opens nothing; False if there is no such client."""
        return await self._statements.row(_REVOKE, *origin.values, name) is not None


_NAME = "select name from clients where token_hash = $1 and role = $2 and revoked_at is null"
_ALL = "select name, role, created_at, revoked_at from clients order by name"


def _permission(to: str) -> str:
    detail = f"jsonb_build_object('client', name, 'to', {to})"
    return audited("privilege_permissions_changed", "changed", user="null::uuid", detail=detail)


_ADD = f"""
with changed as (
    insert into clients (name, role, token_hash) values ($6, $7, $8)
    on conflict (name) do nothing returning name, role
), audit as ({_permission("role")})
select name from changed
"""  # noqa: S608 # constants only
_REVOKE = f"""
with changed as (
    update clients set revoked_at = now() where name = $6 and revoked_at is null returning name
), audit as ({_permission("'none'::text")})
select name from changed
"""  # noqa: S608 # constants only
