"""Programs and operators that may ask about others: each with a token of its own."""

from enum import StrEnum

from authsvc.store.database import Database


class Role(StrEnum):
    """What a client may do: ask about tokens, or look after accounts."""

    SERVICE = "service"
    ADMIN = "admin"


class Clients:
    """Every method raises DatabaseUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def name(self, token_hash: bytes, role: Role) -> str | None:
        """Whose token it is, if it is one of that role and was not revoked."""
        row = await self._database.row(_NAME, token_hash, role)
        return None if row is None else str(row["name"])

    async def add(self, name: str, role: Role, token_hash: bytes) -> bool:
        """A new client; False if the name is taken, also by a revoked one: the audit names it."""
        return await self._database.row(_ADD, name, role, token_hash) is not None

    async def revoke(self, name: str) -> bool:
        """From now on its token opens nothing; False if there is no such client."""
        return await self._database.row(_REVOKE, name) is not None


_NAME = "select name from clients where token_hash = $1 and role = $2 and revoked_at is null"
_ADD = """
insert into clients (name, role, token_hash) values ($1, $2, $3)
on conflict (name) do nothing returning name
"""
_REVOKE = """
update clients set revoked_at = now() where name = $1 and revoked_at is null returning name
"""
