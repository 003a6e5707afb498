"""The service's database role: enough for all it does, and no more."""

import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from authsvc.cli import main
from authsvc.connecting import connection
from authsvc.grants import ALLOWED, grant
from authsvc.settings import Address
from authsvc.store.clients import Role
from tests.authsvc.conftest import PASSWORD, Start, apart, query
from tests.authsvc.test_admin import Operator, new_client

pytestmark = pytest.mark.live


async def execute(url: str, *statements: str) -> None:
    """Run some SQL."""
    async with connection(url, wait=5) as session:
        for statement in statements:
            await session.execute(statement)


@pytest.fixture(scope="module")
def limited(database: str) -> Iterator[str]:
    """The database's URL for a role that was granted what the service needs."""
    role, password = f"service_{secrets.token_hex(4)}", secrets.token_hex(8)
    apart(execute(database, f"create role {role} login password '{password}'"))
    apart(grant(database, role, wait=5))
    parts = urlsplit(database)
    yield urlunsplit(parts._replace(netloc=f"{role}:{password}@{parts.hostname}:{parts.port}"))
    apart(execute(database, f"drop owned by {role}", f"drop role {role}"))


async def test_the_service_does_all_its_work_as_that_role(
    start: Start, limited: str, database: str
) -> None:
    """On both listeners."""
    auth = await start(limited, hash_seconds=0.0, admin=Address("127.0.0.1", 0))
    name, token = await new_client(database, Role.ADMIN)
    ada = Operator(auth, name, token)
    credentials = {"login": "limited-user", "password": PASSWORD}
    made = await auth.ask("POST", "/v1/users", json=credentials)
    assert made.status == 201
    session = {"Authorization": f"Bearer {(await auth.login(**credentials)).json['access_token']}"}
    assert (await auth.ask("GET", "/v1/whoami", headers=session)).status == 200
    assert (await auth.ask("DELETE", "/v1/sessions/current", headers=session)).status == 204
    assert (await auth.login("limited-user", "wrong")).status == 401
    one = f"/admin/users/{made.json['user_id']}"
    for deed, status in [("unlock", 200), ("reset", 202), ("disable", 200), ("enable", 200)]:
        assert (await ada.ask("POST", f"{one}/{deed}")).status == status
    assert (await ada.ask("POST", "/admin/users", json={"login": "limited-two"})).status == 201
    assert (await ada.ask("DELETE", f"{one}/sessions")).status == 200
    assert len((await ada.ask("GET", "/admin/audit")).json["events"]) > 5


@pytest.mark.parametrize(
    "statement",
    [
        "delete from audit_events",
        "update audit_events set event = 'nothing'",
        "truncate audit_events",
        "delete from users",
        "update clients set role = 'admin'",
        "insert into clients values ('me', 'admin', sha256('me'))",
        "update schema_migrations set version = 0",
        "create table mine ()",
        "alter table users add column more int",
        "drop table audit_events",
    ],
)
async def test_it_may_not(limited: str, statement: str) -> None:
    """Change what was audited, who is an operator, or the schema."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(limited, statement)


async def test_every_table_was_thought_of(database: str) -> None:
    """A new one is closed until somebody says what the service needs of it."""
    tables = "select array_agg(tablename::text) from pg_tables where schemaname = 'public'"
    assert set(await query(database, tables)) == set(ALLOWED)


@pytest.mark.parametrize(
    ("role", "word"),
    [("nobody_here", "create role nobody_here"), ("a;b", "no role's name"), ("auth", "owns")],
)
def test_a_role_that_will_not_do_is_said(
    role: str,
    word: str,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With what would."""
    monkeypatch.setenv("DATABASE_URL", database)
    role = urlsplit(database).username or role if role == "auth" else role
    assert main(["migrate", "--grant-to", role]) == 2
    assert word in capsys.readouterr().err
