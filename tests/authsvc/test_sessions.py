"""Sessions over their life: renewed, listed, ended, expired; with a real Postgres behind them."""

import asyncio
import base64
import hashlib
from typing import Any
from uuid import uuid4

import pytest

from authsvc.metrics import EndReason
from tests.authsvc.conftest import Answer, Running, Start, query, until_true

pytestmark = pytest.mark.live


@pytest.fixture
async def auth(start: Start, database: str) -> Running:
    """An instance that is quick: no emulation."""
    return await start(database, hash_seconds=0.0)


def bearer(token: str) -> dict[str, Any]:
    """How a token is presented."""
    return {"headers": {"Authorization": f"Bearer {token}"}}


async def logged_in(auth: Running, login: str = "user0001", **how: Any) -> dict[str, Any]:
    """The answer to a login, which succeeds."""
    answer = await auth.login(login, **how)
    assert answer.status == 201
    told: dict[str, Any] = answer.json
    return told


async def refresh(auth: Running, token: str) -> Answer:
    """POST /v1/sessions/refresh."""
    return await auth.ask("POST", "/v1/sessions/refresh", json={"refresh_token": token})


async def lives(auth: Running, session: dict[str, Any]) -> bool:
    """Whether its access token opens anything."""
    status = (await auth.ask("GET", "/v1/whoami", **bearer(session["access_token"]))).status
    assert status in (200, 401)
    return status == 200


async def events(database: str, session: dict[str, Any]) -> list[str]:
    """What the audit says of a session, in order."""
    names = "select array_agg(event order by at) from audit_events where session_id = $1"
    found: list[str] = await query(database, names, session["session_id"])
    return found


def pair(answer: Answer) -> tuple[str, str]:
    """The tokens of an answer that has some."""
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json["access_token"], answer.json["refresh_token"]


async def test_what_may_happen_to_sessions_is_counted_from_zero(auth: Running) -> None:
    """So that the first theft is a rise."""
    lines = (await auth.ask("GET", "/metrics", private=True)).body.decode().splitlines()
    for reason in EndReason:
        assert f'auth_sessions_ended_total{{reason="{reason}"}} 0.0' in lines
    assert "auth_token_reuse_total 0.0" in lines
    assert 'auth_attempts_total{flow="refresh",outcome="success"} 0.0' in lines


async def test_a_refresh_gives_new_tokens_and_ends_the_old(auth: Running, database: str) -> None:
    """For the same session, whose end does not move."""
    first = await logged_in(auth)
    assert (first["token_type"], first["expires_in"]) == ("Bearer", 900)
    second = (await refresh(auth, first["refresh_token"])).json
    for name in ("session_id", "expires_at", "token_type", "expires_in"):
        assert second[name] == first[name]
    assert not await lives(auth, first)
    assert await lives(auth, second)
    third = (await refresh(auth, second["refresh_token"])).json
    assert await lives(auth, third)
    assert await events(database, first) == ["authn_login_success", *["session_renewed"] * 2]
    assert auth.metric("auth_attempts_total", flow="refresh", outcome="success") == 2


async def test_twenty_refreshes_at_once_get_one_pair(
    auth: Running, start: Start, database: str
) -> None:
    """On two instances; and it was one rotation, since there is one event."""
    other = await start(database, name="auth-2", hash_seconds=0.0)
    first = await logged_in(auth)
    answers = await asyncio.gather(
        *(refresh(instance, first["refresh_token"]) for instance in (auth, other) * 10)
    )
    assert len({pair(answer) for answer in answers}) == 1
    assert await lives(auth, answers[0].json)
    assert await events(database, first) == ["authn_login_success", "session_renewed"]


async def test_an_old_token_ends_the_session(auth: Running, database: str) -> None:
    """Two generations back there is no grace; once noticed, it is said once."""
    first = await logged_in(auth)
    second = (await refresh(auth, first["refresh_token"])).json
    third = (await refresh(auth, second["refresh_token"])).json
    answers = await asyncio.gather(*(refresh(auth, first["refresh_token"]) for _ in range(4)))
    assert {(answer.status, answer.json["code"]) for answer in answers} == {(401, "invalid_token")}
    assert not await lives(auth, third)
    assert (await refresh(auth, third["refresh_token"])).status == 401
    assert (await events(database, first))[-1] == "authn_token_reuse"
    assert (await events(database, first)).count("authn_token_reuse") == 1
    assert auth.metric("auth_token_reuse_total") == 1
    assert auth.metric("auth_sessions_ended_total", reason="reuse") == 1
    assert auth.metric("auth_attempts_total", flow="refresh", outcome="bad_credentials") == 5


async def test_no_order_of_old_and_current_tokens_leaves_a_thief_in(auth: Running) -> None:
    """Whoever comes first: in the end the session is over, and nothing that was given works."""
    first = await logged_in(auth)
    second = (await refresh(auth, first["refresh_token"])).json
    third = (await refresh(auth, second["refresh_token"])).json
    shown = (first["refresh_token"], third["refresh_token"]) * 6
    answers = await asyncio.gather(*(refresh(auth, token) for token in shown))
    assert {answer.status for answer in answers} <= {200, 401}
    for answer in answers:
        if answer.status == 200:
            assert not await lives(auth, answer.json)
            assert (await refresh(auth, answer.json["refresh_token"])).status == 401
    assert auth.metric("auth_token_reuse_total") == 1


async def test_the_predecessor_has_its_grace_and_no_more(auth: Running, database: str) -> None:
    """Ten seconds after the rotation it counts as stolen."""
    first = await logged_in(auth)
    second = await refresh(auth, first["refresh_token"])
    assert pair(await refresh(auth, first["refresh_token"])) == pair(second)
    earlier = "update sessions set refreshed_at = now() - interval '10.1 s' where id = $1"
    await query(database, earlier, first["session_id"])
    assert (await refresh(auth, first["refresh_token"])).status == 401
    assert not await lives(auth, second.json)
    reason = "select end_reason from sessions where id = $1"
    assert await query(database, reason, first["session_id"]) == "reuse"


@pytest.mark.parametrize(
    "over",
    [
        "update sessions set expires_at = now() where id = $1",
        "update sessions set idle_expires_at = now() where id = $1",
        "update sessions set ended_at = now() where id = $1",
    ],
)
async def test_a_session_that_is_over_opens_nothing(
    auth: Running, database: str, over: str
) -> None:
    """By either token; and neither brings it back."""
    session = await logged_in(auth)
    await query(database, over, session["session_id"])
    assert not await lives(auth, session)
    assert (await refresh(auth, session["refresh_token"])).status == 401
    assert not await lives(auth, session)
    for path in ("/v1/sessions", "/v1/sessions/current", f"/v1/sessions/{session['session_id']}"):
        answer = await auth.ask("DELETE", path, **bearer(session["access_token"]))
        assert answer.status == 401


async def test_an_access_token_ends_before_its_session(auth: Running, database: str) -> None:
    """Then the refresh token gets another."""
    session = await logged_in(auth)
    late = "update sessions set access_expires_at = now() where id = $1"
    await query(database, late, session["session_id"])
    assert not await lives(auth, session)
    assert await lives(auth, (await refresh(auth, session["refresh_token"])).json)


async def test_the_last_access_token_ends_with_its_session(auth: Running, database: str) -> None:
    """A refresh does not move the end."""
    session = await logged_in(auth)
    soon = "update sessions set expires_at = now() + interval '1 min' where id = $1"
    await query(database, soon, session["session_id"])
    assert 0 < (await refresh(auth, session["refresh_token"])).json["expires_in"] <= 60


async def test_a_disabled_users_session_is_none(auth: Running, database: str) -> None:
    """By either token, from the next request on."""
    session = await logged_in(auth, "user0030")
    await query(database, "update users set status = 'disabled' where login = 'user0030'")
    assert not await lives(auth, session)
    assert (await refresh(auth, session["refresh_token"])).status == 401
    assert (await auth.ask("GET", "/v1/sessions", **bearer(session["access_token"]))).status == 401


@pytest.mark.parametrize(
    ("given", "challenge"),
    [
        ({}, "Bearer"),
        ({"Authorization": "Basic eDp5"}, "Bearer"),
        ({"Authorization": "Bearer junk"}, 'Bearer error="invalid_token"'),
        ({"Authorization": "bearer ats_" + "a" * 43}, 'Bearer error="invalid_token"'),
    ],
)
async def test_a_challenge_names_an_error_only_if_a_token_was_given(
    auth: Running, given: dict[str, str], challenge: str
) -> None:
    """RFC 6750 section 3.1."""
    for method, path in (
        ("GET", "/v1/whoami"),
        ("GET", "/v1/sessions"),
        ("DELETE", "/v1/sessions"),
    ):
        answer = await auth.ask(method, path, headers=given)
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, challenge)


@pytest.mark.parametrize("token", ["", "atr_", "atr_" + "a" * 75, "é"])
async def test_a_forged_refresh_token_is_refused(auth: Running, token: str) -> None:
    """Without a look at the database."""
    answer = await refresh(auth, token)
    assert (answer.status, answer.json["code"]) == (401, "invalid_token")


async def test_use_moves_the_idle_end(auth: Running, database: str) -> None:
    """Written down a little later, and not again within the minute."""
    session = await logged_in(auth)
    ago = """update sessions set last_seen_at = now() - interval '2 min',
        idle_expires_at = now() + interval '1 min' where id = $1"""
    await query(database, ago, session["session_id"])
    moved = """select idle_expires_at > now() + interval '59 min'
        and last_seen_at > now() - interval '30 s' from sessions where id = $1"""
    assert await lives(auth, session)
    await until_true(lambda: query(database, moved, session["session_id"]))
    mark = "select xmin::text from sessions where id = $1"
    before = await query(database, mark, session["session_id"])
    assert await lives(auth, session)
    await auth.instance._upkeep.write()
    assert await query(database, mark, session["session_id"]) == before


async def test_an_owner_sees_where_he_is_logged_in(auth: Running, database: str) -> None:
    """His live sessions only, this one first and marked, then the newest."""
    sessions = [
        await logged_in(auth, "user0010", headers={"User-Agent": f"browser {n}"}) for n in range(3)
    ]
    await logged_in(auth, "user0011")
    await auth.ask("DELETE", "/v1/sessions/current", **bearer(sessions[1]["access_token"]))
    answer = await auth.ask("GET", "/v1/sessions", **bearer(sessions[0]["access_token"]))
    found = answer.json["sessions"]
    assert [(one["id"], one["current"], one["user_agent"]) for one in found] == [
        (sessions[0]["session_id"], True, "browser 0"),
        (sessions[2]["session_id"], False, "browser 2"),
    ]
    assert set(found[0]) == {
        *("id", "created_at", "last_seen_at", "expires_at", "ip", "user_agent", "current")
    }
    assert found[0]["ip"] == "127.0.0.1"


async def test_any_user_agent_can_log_in(auth: Running) -> None:
    """Bytes that are no UTF-8 are kept as question marks, and a long one cut."""
    reader, writer = await asyncio.open_connection(*auth.instance.addresses[0])
    body = b'{"login": "user0012", "password": "correct horse"}'
    agent = b"\xff\xfe\xf0" + b"x" * 400
    head = b"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    rest = b"Content-Length: %d\r\nConnection: close\r\nUser-Agent: %s\r\n\r\n%s"
    writer.write(head + rest % (len(body), agent, body))
    assert (await reader.read()).startswith(b"HTTP/1.1 201 ")
    writer.close()
    session = await logged_in(auth, "user0012")
    answer = await auth.ask("GET", "/v1/sessions", **bearer(session["access_token"]))
    assert answer.json["sessions"][1]["user_agent"] == "???" + "x" * 253


async def test_one_session_can_be_ended_from_another(auth: Running, database: str) -> None:
    """Its own owner's; another's is not there, as one that never was."""
    mine = [await logged_in(auth, "user0013") for _ in range(2)]
    theirs = await logged_in(auth, "user0014")

    async def end(session_id: str) -> Answer:
        access = bearer(mine[0]["access_token"])
        return await auth.ask("DELETE", f"/v1/sessions/{session_id}", **access)

    assert (await end(mine[1]["session_id"])).status == 204
    assert not await lives(auth, mine[1])
    assert (await events(database, mine[1]))[-1] == "session_expired"
    for other in (mine[1]["session_id"], theirs["session_id"], str(uuid4()), "no-uuid"):
        answer = await end(other)
        assert (answer.status, answer.json["code"]) == (404, "session_not_found")
    assert await lives(auth, mine[0])
    assert await lives(auth, theirs)
    assert (await end(mine[0]["session_id"])).status == 204
    assert not await lives(auth, mine[0])
    assert auth.metric("auth_sessions_ended_total", reason="revoked") == 2


async def test_all_other_sessions_can_be_ended(auth: Running) -> None:
    """And the answer says how many there were."""
    mine = [await logged_in(auth, "user0015") for _ in range(4)]
    theirs = await logged_in(auth, "user0016")
    access = bearer(mine[2]["access_token"])
    answer = await auth.ask("DELETE", "/v1/sessions", **access)
    assert (answer.status, answer.json) == (200, {"ended": 3})
    assert [await lives(auth, one) for one in mine] == [False, False, True, False]
    assert await lives(auth, theirs)
    assert (await auth.ask("DELETE", "/v1/sessions", **access)).json == {"ended": 0}
    assert auth.metric("auth_sessions_ended_total", reason="revoked") == 3


async def test_of_sessions_that_end_each_other_one_stays(auth: Running) -> None:
    """They take their turn, and who was ended meanwhile ends nobody."""
    mine = [await logged_in(auth, "user0017") for _ in range(8)]
    answers = await asyncio.gather(
        *(auth.ask("DELETE", "/v1/sessions", **bearer(one["access_token"])) for one in mine)
    )
    assert sorted(answer.status for answer in answers) == [200, *[401] * 7]
    assert sum([await lives(auth, one) for one in mine]) == 1


async def test_what_is_long_over_is_swept(auth: Running, database: str) -> None:
    """A week after its end, in batches; what lives or ended lately stays."""
    old, lately = await logged_in(auth, "user0018"), await logged_in(auth, "user0018")
    end = "update sessions set expires_at = now() - $2::text::interval where id = $1"
    await query(database, end, old["session_id"], "7 days 1 s")
    await query(database, end, lately["session_id"], "6 days")
    left = "select count(*) from sessions"
    before = await query(database, left)
    await auth.instance._upkeep.sweep()
    assert await query(database, left) == before - 1
    assert not await query(database, f"{left} where id = $1", old["session_id"])
    assert await events(database, old) == ["authn_login_success"]


async def test_no_table_holds_a_token_that_works(auth: Running, database: str) -> None:
    """Everything that is written is read, as text and as bytes."""
    first = await logged_in(auth, "user0019")
    second = (await refresh(auth, first["refresh_token"])).json
    dump = await query(
        database,
        """
        select string_agg(
            query_to_xml('select * from ' || c.oid::regclass, true, false, '')::text, ''
        )
        from pg_class c where relkind = 'r' and relnamespace = 'public'::regnamespace
        """,
    )
    assert second["session_id"] in dump
    kept = hashlib.sha256(second["access_token"].encode()).digest()
    assert base64.b64encode(kept).decode() in dump  # bytes are seen, if they are there
    for token in (second["access_token"], second["refresh_token"], first["refresh_token"]):
        assert token[4:] not in dump
        assert not any(part in dump for part in _as_kept(token))


def _as_kept(token: str) -> list[str]:
    """How a secret might be kept in bytes: of its text or of what that says."""
    raw = base64.urlsafe_b64decode(token[4:] + "=" * (-len(token[4:]) % 4))
    return [
        text
        for kept in (raw[-32:], token.encode(), token[4:].encode())
        for text in (kept.hex(), base64.b64encode(kept).decode())
    ]
