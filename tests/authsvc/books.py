"""What the database says of logins, asked behind the service's back."""

from typing import Any

from authsvc.connecting import connection
from tests.authsvc.conftest import query


async def kept(url: str) -> list[tuple[str, str]]:
    """Request id and instance of every login that has its session and its audit row."""
    async with connection(url, wait=5) as session:
        rows: list[Any] = await session.fetch(_KEPT)
    return [(row["request_id"], row["instance"]) for row in rows]


async def unpaired(url: str) -> int:
    """Sessions without audit row, and audit rows of logins without session; must be none."""
    return int(await query(url, _UNPAIRED))


_KEPT = """
select a.request_id, a.instance from sessions s
join audit_events a on a.session_id = s.id and a.event = 'authn_login_success'
"""
_UNPAIRED = """
select count(*) from sessions s
full join (select * from audit_events where event = 'authn_login_success') a on a.session_id = s.id
where s.id is null or a.session_id is null
"""
