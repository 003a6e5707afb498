"""Every refused login costs one job of one cost through the same queue, and the same statements.

This asserts the cause; `make bench-auth-timing` measures the effect.
"""

import asyncpg
import pytest

from authsvc.hashing.passwords import Hasher
from tests.authsvc.conftest import PASSWORD, PEPPER, Running, Start, query

pytestmark = pytest.mark.live

ACCOUNT = "select id from users where login_norm = 'user0001'"
MALFORMED = "update credentials set hash = 'x' where user_id = $1"
REFUSALS: dict[str, tuple[str, str, str | None]] = {
    "wrong password": ("user0001", "wrong", None),
    "unknown login": ("nobody", "wrong", None),
    "no possible login": ("no login", "wrong", None),
    "empty password": ("user0001", "", None),
    "empty login": ("", "", None),
    "too long": ("user0001", "x" * 5000, None),
    "too long and accented": ("user0001", "e" + "\u0301" * 2500, None),
    "disabled": (
        "user0001",
        PASSWORD,
        "update users set status = 'disabled' where id = $1",
    ),
    "no credential": ("user0001", PASSWORD, "delete from credentials where user_id = $1"),
    "malformed": (
        "user0001",
        PASSWORD,
        MALFORMED,
    ),
    "must change": (
        "user0001",
        "wrong",
        "update credentials set must_change = true where user_id = $1",
    ),
}


def hashes(auth: Running) -> float:
    """How many logins held a slot, for whatever."""
    ops = ("verify", "dummy")
    return sum(auth.metric("auth_hash_seconds_count", op=op, cost="4") for op in ops)


@pytest.fixture
async def auth(start: Start, database: str) -> Running:
    """An instance, and user0001 as it should be."""
    made = Hasher.prepare(PEPPER.encode(), 4).create(PASSWORD)
    user_id = await query(database, ACCOUNT)
    await query(database, "update users set status = 'active' where id = $1", user_id)
    await query(
        database,
        "insert into credentials (user_id, scheme, hash, cost, pepper_kid) "
        "values ($1, $2, $3, 4, $4) on conflict (user_id) do update "
        "set hash = $3, scheme = $2, cost = 4, pepper_kid = $4, must_change = false",
        *(user_id, made.scheme, made.hash, made.pepper_kid),
    )
    return await start(database, hash_seconds=0.0)


@pytest.mark.parametrize("kind", REFUSALS)
async def test_a_refused_login_costs_one_hash_and_the_same_statements(
    auth: Running, database: str, kind: str
) -> None:
    """One answer for all, byte for byte but for the request's id."""
    login, password, before = REFUSALS[kind]
    if before:
        await query(database, before, await query(database, ACCOUNT))
    for asked in ((login, password), ("user0002", "wrong")):
        await auth.login(*asked)  # the first attempt of a name makes its throttles, known or not
    statements: list[str] = []

    def noted(record: asyncpg.connection.LoggedQuery) -> None:
        if "schema_migrations" not in record.query:  # the probe's
            statements.append(record.query)

    for connection in auth.instance._database._connections._idle:
        connection.add_query_logger(noted)
    done = hashes(auth)
    answer = await auth.login(login, password)
    refused = list(statements)
    other = await auth.login("user0002", "wrong")
    assert hashes(auth) == done + 2
    assert refused == statements[len(refused) :]
    assert (answer.status, answer.headers.keys()) == (401, other.headers.keys())
    assert {**answer.json, "instance": ""} == {**other.json, "instance": ""}


async def test_an_unusable_hash_is_counted_and_logged(
    auth: Running, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is for an operator to repair, and no 500."""
    await query(database, MALFORMED, await query(database, ACCOUNT))
    assert (await auth.login("user0001")).status == 401
    assert auth.metric("auth_password_hash_unusable_total", reason="malformed") == 1
    assert "stored password hash cannot be checked" in caplog.text


async def test_a_hash_of_a_lower_cost_is_renewed_at_login(start: Start, database: str) -> None:
    """After the answer, once, and without ending what is under way."""
    auth = await start(database, hash_seconds=0.0, bcrypt_cost=5)
    assert (await auth.login("user0011", "wrong")).status == 401
    assert (await auth.login("user0011")).status == 201
    way = {"from": "bcrypt-hmac384/4", "to": "bcrypt-hmac384/5"}
    await auth.counted("auth_password_rehash_total", 1, **way)
    stored = "select c.{} from credentials c join users u on u.id = user_id where login_norm = $1"
    assert await query(database, stored.format("cost"), "user0011") == 5
    assert (await query(database, stored.format("hash"), "user0011"))[:7] == "$2b$05$"
    assert (await auth.login("user0011")).status == 201
    assert auth.metric("auth_hash_seconds_count", op="rehash", cost="5") == 1


async def test_a_new_pepper_is_taken_up_at_login(start: Start, database: str) -> None:
    """An instance that knows both opens what is under either, and brings it under the new one."""
    new = "the pepper that comes after it, of 32 bytes"
    under_new = Hasher.prepare(new.encode(), 4).create(PASSWORD)
    update = (
        "update credentials set hash = $1, pepper_kid = $2 "
        "where user_id = (select id from users where login_norm = 'user0012')"
    )
    await query(database, update, under_new.hash, under_new.pepper_kid)
    alone = await start(database, hash_seconds=0.0)
    assert (await alone.login("user0012")).status == 401
    assert alone.metric("auth_password_hash_unusable_total", reason="pepper") == 1
    both = await start(database, hash_seconds=0.0, environment={"AUTH_PEPPER_PREVIOUS": new})
    assert (await both.login("user0012")).status == 201
    same = {"from": "bcrypt-hmac384/4", "to": "bcrypt-hmac384/4"}
    await both.counted("auth_password_rehash_total", 1, **same)
    assert (await alone.login("user0012")).status == 201
    assert PEPPER.encode() in both.instance.settings.peppers


async def test_renewing_never_uses_more_than_its_budget(start: Start, database: str) -> None:
    """Of twelve logins in a row two at most are renewed; the others are left for another day."""
    auth = await start(database, hash_seconds=0.05, bcrypt_cost=5, create_share=0.001)
    for n in range(20, 32):
        assert (await auth.login(f"user00{n}")).status == 201
    await auth.counted("auth_password_rehash_postponed_total", 10)
    way = {"from": "bcrypt-hmac384/4", "to": "bcrypt-hmac384/5"}
    assert auth.metric("auth_password_rehash_total", **way) <= 2
