"""What the service's own database role may do: its work, and nothing to the audit but add to it.

Migrate as the role that owns the tables; run instances as another one that owns nothing, so that a
hole in the service can neither change what was audited nor the schema (ASVS 5.0 13.2.2, 16.4.2).
"""

import re

import asyncpg

from authsvc.connecting import connection
from authsvc.migrate import MigrationError

_ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.ASCII)

ALLOWED = {
    "users": "select, insert, update",
    "credentials": "select, insert, update",
    "sessions": "select, insert, update, delete",
    "audit_events": "select, insert",
    "clients": "select",  # they are added and revoked by a command, as the owner
    "throttles": "select, insert, update, delete",
    "known_sources": "select, insert, update, delete",
    "password_resets": "select, insert, update, delete",
    "outbox": "select, insert, update, delete",
    "schema_migrations": "select",
}
"""By table; a table that is not here is closed to the service."""


async def grant(url: str, role: str, wait: float) -> None:
    """Give `role` exactly what is allowed; what it had more is taken away.

    Raises UnreachableError, and MigrationError if there is no such role or it owns the tables.
    """
    if not _ROLE.fullmatch(role):
        raise MigrationError(f"'{role}' is no role's name; give a-z, 0-9 and '_', 63 at most")
    async with connection(url, wait) as session, session.transaction():
        if await session.fetchval("select current_user::text") == role:
            raise MigrationError(
                f"{role} owns the tables, and an owner cannot be kept from anything; "
                "grant to a role that instances run as"
            )
        try:
            for statement in statements(role):
                await session.execute(statement)
        except asyncpg.UndefinedObjectError as error:
            raise MigrationError(
                f"there is no role {role}; make it with `create role {role} login password …`"
            ) from error


def statements(role: str) -> list[str]:
    """The SQL, in order; `role` must be a plain name."""
    return [
        f"revoke all on all tables in schema public from {role}",
        "revoke create on schema public from public",  # Postgres 14 and older let everybody
        f"grant usage on schema public to {role}",
        *(f"grant {what} on {table} to {role}" for table, what in ALLOWED.items()),
    ]
