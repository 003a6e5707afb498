"""Refreshing a session: what is there, the next generation, the end after reuse.

What was read may have changed until it is written; so each write says what it was decided on, and
finds nothing to change if that is no longer so (compare and set).
"""

from authsvc.metrics import EndReason
from authsvc.origin import Origin
from authsvc.renewal import Held
from authsvc.store.audit import audited
from authsvc.store.database import Database
from authsvc.store.sessions import ACCESS, IDLE, LIVE, Grant, ending
from authsvc.tokens import Claim


class Renewals:
    """Generations of sessions. Every method raises DatabaseUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def held(self, claim: Claim) -> Held | None:
        """The session that a refresh token speaks of."""
        row = await self._database.row(_HELD, claim.session_id)
        return None if row is None else Held(*row)

    async def rotate(self, origin: Origin, claim: Claim, access_hash: bytes) -> Grant | None:
        """On from the claimed generation; None if it was not the current one any more."""
        row = await self._database.row(
            _ROTATE, *origin.values, claim.session_id, claim.generation, access_hash, IDLE, ACCESS
        )
        return None if row is None else Grant(row["id"], row["expires_at"], row["access_for"])

    async def end(self, origin: Origin, claim: Claim) -> bool:
        """End a session one of whose old tokens came back; False if it had ended meanwhile."""
        row = await self._database.row(_REUSED, *origin.values, claim.session_id)
        return row is not None


_HELD = f"""
select {LIVE} and u.status = 'active', s.refresh_gen, now() - s.refreshed_at, s.expires_at,
    s.access_expires_at - now(), s.access_hash
from sessions s join users u on u.id = s.user_id
where s.id = $1
"""  # noqa: S608 # constants only

_ROTATE = f"""
with renewed as (
    update sessions s
    set refresh_gen = s.refresh_gen + 1, refreshed_at = now(), last_seen_at = now(),
        access_hash = $8, idle_expires_at = now() + $9::interval,
        access_expires_at = least(now() + $10::interval, s.expires_at)
    from users u
    where s.id = $6 and s.refresh_gen = $7 and {LIVE} and u.id = s.user_id and u.status = 'active'
    returning s.id, s.user_id, s.expires_at, s.access_expires_at - now() as access_for
), audit as ({audited("session_renewed", "renewed", session="id")})
select id, expires_at, access_for from renewed
"""  # noqa: S608 # constants only

_REUSED = f"""
with {ending(f"where s.id = $6 and {LIVE}", EndReason.REUSE, "authn_token_reuse")}
select id from ended
"""  # noqa: S608 # constants only
