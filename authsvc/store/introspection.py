"""What a resource service may know of a token that somebody showed it."""

from dataclasses import dataclass
from uuid import UUID

from authsvc.store.clients import Role
from authsvc.store.database import Database
from authsvc.store.sessions import BY_ACCESS, LIVE, SEEN_EVERY
from authsvc.tokens import Claim


@dataclass(frozen=True, slots=True)
class Active:
    """A token that works; times are seconds since 1970."""

    user_id: UUID
    login: str
    session_id: UUID
    issued: int
    expires: int
    unseen: bool
    """Whether its session's last use that was written down is SEEN_EVERY ago."""


class UnknownClientError(Exception):
    """Who asks is no service of ours."""


class Introspection:
    """Client and token in one statement. Every method raises DatabaseUnavailableError and
    UnknownClientError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def access(self, client_hash: bytes, access_hash: bytes | None) -> Active | None:
        """An access token; None, which nobody has, is how to ask for the client only."""
        return await self._found(_ACCESS, client_hash, SEEN_EVERY, access_hash)

    async def refresh(self, client_hash: bytes, claim: Claim) -> Active | None:
        """A refresh token: only the current generation's counts."""
        return await self._found(_REFRESH, client_hash, SEEN_EVERY, *claim)

    async def _found(self, statement: str, client_hash: bytes, *values: object) -> Active | None:
        row = await self._database.row(statement, client_hash, Role.SERVICE, *values)
        if row is None:
            raise UnknownClientError
        return None if row["user_id"] is None else Active(*row)


def _asked(expires: str, found: str) -> str:
    """The token that is `found`, if any, beside the client, if it is one."""
    return f"""
    select token.* from clients c left join (
        select u.id as user_id, u.login, s.id,
            extract(epoch from coalesce(s.refreshed_at, s.created_at))::bigint as issued,
            extract(epoch from {expires})::bigint as expires,
            s.last_seen_at < now() - $3::interval as unseen
        {found}
    ) token on true
    where c.token_hash = $1 and c.role = $2 and c.revoked_at is null
    """  # noqa: S608 # constants only


_ACCESS = _asked("s.access_expires_at", BY_ACCESS.format("$4"))
_REFRESH = _asked(
    "least(s.idle_expires_at, s.expires_at)",
    f"""from sessions s join users u on u.id = s.user_id
    where s.id = $4 and s.refresh_gen = $5 and {LIVE} and u.status = 'active'""",
)
