"""Reading the audit: newest first, page by page, however much is written meanwhile."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from authsvc.store.database import Database

MOST = 500  # events a page


class Place(NamedTuple):
    """Between two events, in the order of reading: older than this moment, or of it and after that
    event. A moment can have many events: those of one statement all have its time."""

    at: datetime
    event_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events; None is any."""

    user_id: UUID | None = None
    event: str | None = None
    since: datetime | None = None
    before: Place | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the audit."""

    id: UUID
    at: datetime
    event: str
    user_id: UUID | None
    session_id: UUID | None
    actor: str | None
    ip: str | None
    request_id: str
    trace_id: str | None
    instance: str
    detail: str


class Events:
    """The audit. Raises DatabaseUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: Wanted) -> list[Event]:
        """At most `limit` events, the newest first."""
        before = wanted.before
        values: tuple[Any, ...] = (
            *(wanted.user_id, wanted.event, wanted.since),
            *(before and before.at, before and before.event_id),
            min(wanted.limit, MOST),
        )
        return [Event(**row) for row in await self._database.rows(_PAGE, *values)]


# The order is that of the index audit_events_at.
_PAGE = """
select id, at, event, user_id, session_id, actor, host(ip) as ip, request_id, trace_id, instance,
       detail::text as detail
from audit_events
where ($1::uuid is null or user_id = $1)
  and ($2::text is null or event = $2)
  and ($3::timestamptz is null or at >= $3)
  and ($4::timestamptz is null or at < $4 or (at = $4 and id > $5::uuid))
order by at desc, id
limit $6
"""
