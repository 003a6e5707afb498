"""What operators can do on their own listener, and that nobody else can."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from authsvc import client_tokens
from authsvc.connecting import connection
from authsvc.origin import Origin
from authsvc.settings import Address
from authsvc.store.clients import Clients, Role
from authsvc.store.database import Single
from tests.authsvc.conftest import PASSWORD, Answer, Running, Start, query

pytestmark = pytest.mark.live
FREE = Address("127.0.0.1", 0)


async def new_client(url: str, role: Role) -> tuple[str, str]:
    """The name and the token of a client."""
    name, token = f"{role}-{uuid4().hex[:8]}", client_tokens.mint()
    async with connection(url, wait=5) as opened:
        origin = Origin(request_id="test-1234", instance="test", actor="test")
        digest = client_tokens.digest(token) or b""
        assert await Clients(Single(opened)).add(origin, name, role, digest)
    return name, token


@dataclass(frozen=True)
class Operator:
    """Somebody with an admin's token, before one instance."""

    running: Running
    name: str
    token: str

    async def ask(self, method: str, path: str, **how: Any) -> Answer:
        """One request to the admin listener."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return await self.running.ask(method, path, admin=True, headers=headers, **how)

    async def id_of(self, login: str) -> str:
        """The account's id, asked for."""
        answer = await self.ask("GET", "/admin/users", params={"login": login})
        return str(answer.json["users"][0]["id"])


@pytest.fixture
async def ada(start: Start, database: str) -> Operator:
    """An operator."""
    name, token = await new_client(database, Role.ADMIN)
    return Operator(await start(database, hash_seconds=0.0, admin=FREE), name, token)


async def logged_in(running: Running, login: str) -> dict[str, str]:
    """The headers of somebody who has just logged in."""
    return {"Authorization": f"Bearer {(await running.login(login)).json['access_token']}"}


async def whoami(running: Running, headers: dict[str, str]) -> int:
    """What whoami answers."""
    return (await running.ask("GET", "/v1/whoami", headers=headers)).status


@pytest.mark.parametrize("path", ["/admin/users?login=user0001", "/admin/audit", "/nowhere"])
async def test_nothing_without_an_admins_token(ada: Operator, database: str, path: str) -> None:
    """No token, a user's, a program's, a revoked one: one answer, whatever the path."""
    _, program = await new_client(database, Role.SERVICE)
    gone, revoked = await new_client(database, Role.ADMIN)
    async with connection(database, wait=5) as opened:
        assert await Clients(Single(opened)).revoke(Origin("test-1234", "test"), gone)
    user = (await logged_in(ada.running, "user0001"))["Authorization"]
    presented = ["", "Bearer", f"Bearer {program}", f"Bearer {revoked}", user, f"Basic {ada.token}"]
    for authorization in presented:
        headers = {"Authorization": authorization} if authorization else {}
        answer = await ada.running.ask("GET", path, admin=True, headers=headers)
        assert (answer.status, answer.json["code"]) == (401, "invalid_client_token")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert ada.running.metric("auth_admin_refused_total") == len(presented)


async def test_the_service_port_knows_nothing_of_it(ada: Operator) -> None:
    """Not even with the token."""
    headers = {"Authorization": f"Bearer {ada.token}"}
    assert (await ada.running.ask("GET", "/admin/audit", headers=headers)).status == 404


async def test_a_disabled_user_is_out_at_once(ada: Operator, database: str) -> None:
    """Sessions end in the statement that disables, and do not come back with the account."""
    user, session = await ada.id_of("user0002"), await logged_in(ada.running, "user0002")

    disabled = await ada.ask("POST", f"/admin/users/{user}/disable")

    assert (disabled.status, disabled.json["status"]) == (200, "disabled")
    assert disabled.json["live_sessions"] == 0
    assert await whoami(ada.running, session) == 401
    assert (await ada.running.login("user0002")).status == 401
    again = await ada.ask("POST", f"/admin/users/{user}/disable")
    assert again.json == disabled.json
    enabled = await ada.ask("POST", f"/admin/users/{user}/enable")
    assert enabled.json["status"] == "active"
    assert await whoami(ada.running, session) == 401
    assert (await ada.running.login("user0002")).status == 201
    told = "select array_agg(event || ' ' || coalesce(detail->>'status', '') order by at, event)"
    told += " from audit_events where user_id = $1 and actor = $2"
    assert await query(database, told, user, ada.name) == [
        "session_ended_by_admin ",
        "user_updated disabled",
        "user_updated active",
    ]


async def test_a_session_that_slipped_through_does_not_wake_up(
    ada: Operator, database: str
) -> None:
    """A login may end in the moment of the disabling, having seen the account active."""
    user, session = await ada.id_of("user0003"), await logged_in(ada.running, "user0003")
    await query(database, "update users set status = 'disabled' where id = $1", user)

    await ada.ask("POST", f"/admin/users/{user}/enable")

    assert await whoami(ada.running, session) == 401


async def test_an_operator_creates_an_account_and_never_its_password(
    ada: Operator, database: str
) -> None:
    """Its owner is sent a reset; until then nothing logs in."""
    login = f"Eve.{uuid4().hex[:8]}"

    made = await ada.ask("POST", "/admin/users", json={"login": login})

    assert (made.status, made.json["login"], made.json["has_password"]) == (201, login, False)
    due = "select count(*) from outbox o join password_resets r on r.id = o.reset_id"
    due += " where o.user_id = $1 and o.sent_at is null and r.expires_at > now()"
    assert await query(database, due, made.json["id"]) == 1
    assert (await ada.running.login(login, PASSWORD)).status == 401
    taken = await ada.ask("POST", "/admin/users", json={"login": login.upper()})
    assert (taken.status, taken.json["code"]) == (409, "login_taken")
    for body in ({"login": login, "password": PASSWORD}, {"login": "no good"}):
        assert (await ada.ask("POST", "/admin/users", json=body)).status == 422


async def test_a_forced_reset_ends_sessions_and_voids_earlier_ones(
    ada: Operator, database: str
) -> None:
    """One open reset, the newest; the password counts as one that must change."""
    user, session = await ada.id_of("user0004"), await logged_in(ada.running, "user0004")

    answers = [await ada.ask("POST", f"/admin/users/{user}/reset") for _ in range(2)]

    assert [answer.status for answer in answers] == [202, 202]
    assert answers[0].json["must_change"]
    assert await whoami(ada.running, session) == 401
    of_user = "from password_resets where user_id = $1"
    assert await query(database, f"select count(*) {of_user}", user) == 2
    assert await query(database, f"select count(*) {of_user} and used_at is null", user) == 1
    await ada.ask("POST", f"/admin/users/{user}/disable")
    refused = await ada.ask("POST", f"/admin/users/{user}/reset")
    assert (refused.status, refused.json["code"]) == (409, "wrong_status")


async def test_sessions_are_seen_and_ended(ada: Operator) -> None:
    """All of the account's, and nobody else's."""
    user, other = await ada.id_of("user0005"), await logged_in(ada.running, "user0006")
    mine = [await logged_in(ada.running, "user0005") for _ in range(3)]

    listed = (await ada.ask("GET", f"/admin/users/{user}/sessions")).json["sessions"]
    ended = await ada.ask("DELETE", f"/admin/users/{user}/sessions")

    assert len({session["id"] for session in listed}) == 3
    assert ended.json == {"ended": 3}
    assert [await whoami(ada.running, headers) for headers in mine] == [401] * 3
    assert await whoami(ada.running, other) == 200
    assert (await ada.ask("GET", f"/admin/users/{user}/sessions")).json == {"sessions": []}


NOBODY = "5f0c3f4e-3d0a-4d0b-9b5e-0a6f2d1c7e11"


@pytest.mark.parametrize("name", [NOBODY, NOBODY.replace("-", ""), "user0001", "%00"])
async def test_an_account_that_is_not_there(ada: Operator, name: str) -> None:
    """404, for every deed."""
    one = f"/admin/users/{name}"
    deeds = [("POST", f"{one}/{deed}") for deed in ("disable", "enable", "unlock", "reset")]
    for method, path in [("GET", one), ("GET", f"{one}/sessions"), ("DELETE", f"{one}/sessions")]:
        deeds.append((method, path))
    for method, path in deeds:
        answer = await ada.ask(method, path)
        assert (answer.status, answer.json["code"]) == (404, "user_not_found")


async def test_unlocking_is_kept_in_the_audit(ada: Operator) -> None:
    """With the operator's name."""
    user = await ada.id_of("user0007")
    assert (await ada.running.login("user0007", "a wrong one")).status == 401
    assert (await ada.ask("POST", f"/admin/users/{user}/unlock")).status == 200
    page = (await ada.ask("GET", "/admin/audit", params={"user": user})).json["events"]
    assert (page[0]["event"], page[0]["actor"]) == ("user_updated", ada.name)
    assert page[0]["detail"] == {"throttle": "unlocked"}


async def test_the_audit_is_read_page_by_page(ada: Operator) -> None:
    """Newest first, each event once, also while more is written."""
    user = await ada.id_of("user0008")
    for _ in range(7):
        await ada.running.login("user0008")
    wanted = {"user": user, "event": "authn_login_success", "limit": "3"}
    pages: list[list[dict[str, Any]]] = []
    before: dict[str, str] = {}
    while True:
        page = (await ada.ask("GET", "/admin/audit", params={**wanted, **before})).json
        pages.append(page["events"])
        await ada.running.login("user0008")
        if page["next"] is None:
            break
        before = page["next"]
    events = [event for page in pages for event in page]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert len({event["id"] for event in events}) == 7
    assert [event["at"] for event in events] == sorted((e["at"] for e in events), reverse=True)
    since = {**wanted, "since": events[2]["at"], "limit": "500"}
    newer = (await ada.ask("GET", "/admin/audit", params=since)).json["events"]
    assert len(newer) == 3 + len(pages)


@pytest.mark.parametrize(
    ("query_string", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=1&limit=2", "limit"),
        ("user=me", "user"),
        ("since=yesterday", "since"),
        ("since=2026-01-01T00:00:00", "since"),
        ("before=2026-01-01T00:00:00", "before"),
        ("since=0.5", "since"),
        ("before_id=1", "before_id"),
        ("limit=1_0", "limit"),
        ("event=%00", "event"),
        ("page=2", "page"),
    ],
)
async def test_a_query_that_will_not_do(ada: Operator, query_string: str, parameter: str) -> None:
    """422, and the parameter is named."""
    answer = await ada.ask("GET", f"/admin/audit?{query_string}")
    assert (answer.status, answer.json["code"]) == (422, "invalid_query")
    assert answer.json["errors"][0]["parameter"] == parameter
