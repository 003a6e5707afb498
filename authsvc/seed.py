"""Users for the lab: many at once, all with one password and one hash, which is why it is quick."""

from dataclasses import dataclass

from authsvc.connecting import connection
from authsvc.hashing.passwords import StoredHash


@dataclass(frozen=True, slots=True)
class Seeded:
    """Who can log in now."""

    logins: list[str]
    password: str


def names(users: int) -> list[str]:
    """`user0001` and on."""
    return [f"user{number:04d}" for number in range(1, users + 1)]


async def seed(url: str, logins: list[str], password: StoredHash, wait: float) -> None:
    """Make the users; those that exist get this password. Raises as `connection` does.

    One hash for all is fine for users that never were; real accounts each have their own salt.
    """
    async with connection(url, wait) as session:
        await session.execute(
            _SEED, logins, password.scheme, password.hash, password.cost, password.pepper_kid
        )


_SEED = """
with made as (
    insert into users (login, login_norm) select name, name from unnest($1::text[]) as name
    on conflict (login_norm) where status <> 'deleted'
    do update set status = 'active', updated_at = now()
    returning id
), password as (
    insert into credentials (user_id, scheme, hash, cost, pepper_kid)
    select id, $2, $3, $4, $5 from made
    on conflict (user_id) do update
    set scheme = $2, hash = $3, cost = $4, pepper_kid = $5, changed_at = now()
)
insert into audit_events (event, user_id, request_id, instance)
select 'user_created', id, 'seed', 'seed' from made
"""
