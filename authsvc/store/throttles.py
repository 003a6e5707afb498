"""Attempts that may yet fail, counted in the database, so that all instances count together.

Every statement locks its rows in the order of their keys, and makes no row that it does not find;
so they wait for one another, and never in a circle. What the counts mean: `authsvc.throttling`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from authsvc.origin import Origin
from authsvc.store.audit import audited
from authsvc.store.database import Database
from authsvc.throttling import LOST, QUIET, Key, Scope, blocks

REMEMBERED = timedelta(days=90)  # a source that its account has not logged in from since is unknown
BATCH = 1000  # rows that are deleted at once: a long delete would keep logins waiting
_TRIES = 3
_BLOCKS = blocks()


@dataclass(frozen=True, slots=True)
class Place:
    """An account (None: no such login) at a source."""

    user_id: UUID | None
    source: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """Not now, but in so many seconds."""

    wait: float


class Throttles:
    """Claims and what becomes of them. Every method raises DatabaseUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, keys: Sequence[Key], place: Place) -> list[Key] | Refused:
        """Count one attempt on all of these keys, or on none; gives those that it was counted on.

        The account's key is left out where the account has logged in from before.
        """
        asked = (
            [key.digest for key in keys],
            [key.scope for key in keys],
            [key.rule.failures for key in keys],
            [key.rule.at_once for key in keys],
            [key.rule.window for key in keys],
            *(place.user_id, place.source, QUIET, LOST),
        )
        for _ in range(_TRIES):
            row = await self._database.row(_CLAIM, *asked)
            if row["wait"] is not None:
                return Refused(row["wait"])
            if row["full"]:  # others are being checked right now
                break
            if row["asked"] == row["held"]:
                return [key for key in keys if key.digest in row["taken"]]
            accounts = [key.account for key in keys]
            await self._database.row(_MAKE, [key.digest for key in keys], accounts)
        return Refused(0.0)

    async def count(self, origin: Origin, claimed: Sequence[Key], place: Place) -> list[Scope]:
        """The attempt was wrong; gives the scopes that are blocked from now on because of it."""
        row = await self._database.row(
            _COUNT,
            *origin.values,
            [key.digest for key in claimed],
            [key.scope for key in claimed],
            [key.rule.failures for key in claimed],
            [key.rule.window is None for key in claimed],
            *(_BLOCKS, place.user_id),
        )
        return [Scope(scope) for scope in row["blocked"]]

    async def clear(self, claimed: Sequence[Key], place: Place) -> None:
        """The attempt was right: its source is known now, and what came before it is forgotten."""
        anew = [key.rule.window is None for key in claimed]
        await self._end(claimed, anew, place)

    async def give_back(self, claimed: Sequence[Key]) -> None:
        """The attempt was never checked."""
        await self._end(claimed, [False] * len(claimed), Place(None, b""))

    async def _end(self, claimed: Sequence[Key], anew: list[bool], place: Place) -> None:
        digests = [key.digest for key in claimed]
        await self._database.row(_END, digests, anew, place.user_id, place.source)

    async def unlock(self, origin: Origin, user_id: UUID, account: bytes) -> bool:
        """Forget what was counted for an account (`Keys.account`); False if that was nothing."""
        row = await self._database.row(_UNLOCK, *origin.values, account, user_id)
        return bool(row["unlocked"])

    async def forget(self) -> int:
        """Delete a batch of what has no meaning any more; gives how many rows that were."""
        row = await self._database.row(_FORGET, QUIET, REMEMBERED, BATCH)
        return int(row["forgotten"])


# A key that is blocked is seen without a lock and without a write, so that hammering on it is
# cheap. `bar`: failures that begin a block. An unblocked key always leaves one attempt when nothing
# is under way: after a block, after a lower limit was set, after an instance was killed.
_CLAIM = """
with asked as (
    select a.*
    from unnest($1::bytea[], $2::text[], $3::int[], $4::int[], $5::interval[])
        as a (key, scope, fails, at_once, span)
    where scope <> 'account' or not exists (
        select from known_sources k where k.user_id = $6::uuid and k.source = $7::bytea
    )
), blocked as (
    select t.blocked_until from asked join throttles t using (key) where t.blocked_until > now()
), held as (
    select a.*, t.attempts, t.failures, t.blocks, t.first_at,
        t.last_at < now() - $8::interval as quiet,
        t.last_at < now() - $9::interval as lost,
        span is not null and (
            t.first_at < now() - span or t.blocked_until between t.first_at and now()
        ) as over
    from asked a join throttles t using (key)
    where not exists (select from blocked)
    order by key for update of t
), barred as (
    select *,
        case when quiet then 0 else blocks end as past,
        fails + case when quiet or span is not null then 0 else blocks end as bar,
        case when lost then 0 else attempts - failures end as under_way
    from held
), aged as (
    select *,
        case when quiet or over then 0
            else least(case when lost then attempts else failures end, bar - 1) end as wrong
    from barred
), verdict as (
    select coalesce(bool_or(wrong + under_way >= at_once + bar - fails), false) as full,
        count(*) as held
    from aged
), taken as (
    update throttles t set
        attempts = wrong + under_way + 1,
        failures = wrong,
        blocks = past,
        first_at = case
            when quiet or over or (a.attempts = 0 and a.first_at < now() - interval '1 hour')
            then now() else a.first_at end,
        last_at = now()
    from aged a, verdict v
    where t.key = a.key and not v.full and v.held = (select count(*) from asked)
    returning t.key
)
select v.full, v.held, (select count(*) from asked) as asked,
    (select extract(epoch from max(blocked_until) - now())::float8 from blocked) as wait,
    array(select key from taken) as taken
from verdict v
"""

_MAKE = """
insert into throttles (key, account)
select key, account from unnest($1::bytea[], $2::bytea[]) as a (key, account) order by key
on conflict do nothing
"""

_COUNT = f"""
with held as (
    select a.*, t.attempts, t.failures, t.blocks, t.blocked_until
    from unnest($6::bytea[], $7::text[], $8::int[], $9::bool[]) as a (key, scope, fails, in_a_row)
    join throttles t using (key)
    order by key for update of t
), judged as (
    select *,
        ($10::interval[])[least(blocks + 1, cardinality($10::interval[]))] as length,
        failures + 1 >= fails + case when in_a_row then blocks else 0 end
            and coalesce(blocked_until <= now(), true) as begins
    from held
), counted as (
    update throttles t set
        failures = j.failures + 1,
        attempts = greatest(j.attempts, j.failures + 1),
        blocks = j.blocks + j.begins::int,
        blocked_until = case when j.begins then now() + j.length else j.blocked_until end
    from judged j where t.key = j.key
    returning j.scope, j.begins, jsonb_build_object(
        'scope', j.scope, 'seconds', extract(epoch from j.length)::int
    ) as told
), locked as (
    select told from counted where begins and scope <> 'source'
), flooded as (
    select told from counted where begins and scope = 'source'
), audit_locked as (
    {audited("authn_login_lock", "locked", user="$11::uuid", detail="told")}
), audit_flooded as (
    {audited("excess_rate_limit_exceeded", "flooded", user="null::uuid", detail="told")}
)
select array(select scope from counted where begins) as blocked
"""  # noqa: S608 # constants only

_END = """
with held as (
    select a.*, t.attempts, t.failures
    from unnest($1::bytea[], $2::bool[]) as a (key, anew)
    join throttles t using (key)
    order by key for update of t
), ended as (
    update throttles t set
        attempts = greatest(h.attempts - 1, h.failures) - case when anew then h.failures else 0 end,
        failures = case when anew then 0 else h.failures end,
        blocks = case when anew then 0 else t.blocks end,
        blocked_until = case when anew then null else t.blocked_until end
    from held h where t.key = h.key
)
insert into known_sources (user_id, source) select id, $4::bytea from users where id = $3::uuid
on conflict (user_id, source) do update set last_at = now()
    where known_sources.last_at < now() - interval '1 day'
"""

_UNLOCKED = """'{"throttle": "unlocked"}'::jsonb"""
_UNLOCK = f"""
with held as (
    select key from throttles where account = $6::bytea order by key for update
), gone as (
    delete from throttles t using held h where t.key = h.key returning t.key
), told as (
    select $7::uuid as user_id where exists (select from gone)
), audit as (
    {audited("user_updated", "told", detail=_UNLOCKED)}
)
select exists (select from told) as unlocked
"""  # noqa: S608 # constants only

_FORGET = """
with old as (
    select key from throttles
    where first_at < now() - $1::interval and last_at < now() - $1::interval
    limit $3 for update skip locked
), gone as (
    delete from throttles t using old o where t.key = o.key returning 1
), unused as (
    select user_id, source from known_sources where last_at < now() - $2::interval
    limit $3 for update skip locked
), unknown as (
    delete from known_sources k using unused u
    where k.user_id = u.user_id and k.source = u.source returning 1
)
select (select count(*) from gone) + (select count(*) from unknown) as forgotten
"""
