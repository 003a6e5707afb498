"""Audit events: how one is written with the change that it tells of.

A row of `audit_events` and its change are written by the same statement, so neither can exist
without the other, and no success is answered before both do. Names are OWASP's (Logging Vocabulary
Cheat Sheet), and `password_reset_*` and `session_ended_by_admin` where it has none.
"""


def audited(
    event: str,
    of: str,
    *,
    user: str = "user_id",
    session: str = "null::uuid",
    detail: str = "'{}'::jsonb",
) -> str:
    """An insert of one event for each row of `of`, to stand in a `with`.

    `user`, `session` and `detail` are SQL, all of it constants of ours; what varies are parameters,
    of which the first five are `Origin.values`.
    """
    return f"""
    insert into audit_events
        (event, user_id, session_id, request_id, trace_id, ip, actor, instance, detail)
    select '{event}', {user}, {session}, $1, $2, $3::inet, $4, $5, {detail} from {of}
    """  # noqa: S608 # constants only, see above
