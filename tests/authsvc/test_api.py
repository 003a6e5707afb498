"""What clients see on the service port, with a real Postgres behind it."""

import asyncio
import hashlib
from typing import Any
from uuid import uuid4

import pytest

from tests.authsvc.conftest import PASSWORD, Answer, Running, Start, query

pytestmark = pytest.mark.live


@pytest.fixture
async def auth(start: Start, database: str) -> Running:
    """An instance that is quick: no emulation."""
    return await start(database, name="auth-7", hash_seconds=0.0)


def bearer(token: str) -> dict[str, Any]:
    """How a token is presented."""
    return {"headers": {"Authorization": f"Bearer {token}"}}


async def test_register_log_in_who_am_i_log_out(auth: Running, database: str) -> None:
    """The whole way, and each step leaves its audit event."""
    who = {"login": f"Ada.{uuid4().hex[:8]}", "password": "a password"}
    made = await auth.ask("POST", "/v1/users", json=who)
    assert (made.status, made.json["login"]) == (201, who["login"])

    session = await auth.login(**who)
    assert session.status == 201
    assert session.headers["Cache-Control"] == "no-store"
    token = session.json["access_token"]

    me = await auth.ask("GET", "/v1/whoami", **bearer(token))
    assert me.status == 200
    assert me.json == made.json | {
        name: session.json[name] for name in ("session_id", "expires_at")
    }

    assert (await auth.ask("DELETE", "/v1/sessions/current", **bearer(token))).status == 204
    assert (await auth.ask("GET", "/v1/whoami", **bearer(token))).status == 401
    assert (await auth.ask("DELETE", "/v1/sessions/current", **bearer(token))).status == 401

    events = "select array_agg(event order by at) from audit_events where user_id = $1"
    assert await query(database, events, made.json["user_id"]) == [
        "user_created",
        "authn_login_success",
        "session_logout",
    ]


async def test_the_database_holds_no_token(auth: Running, database: str) -> None:
    """Only its digest: a stolen table opens no session."""
    answer = (await auth.login()).json
    kept = await query(
        database, "select access_hash from sessions where id = $1", answer["session_id"]
    )
    assert kept == hashlib.sha256(answer["access_token"].encode()).digest()


def alike(answer: Answer) -> object:
    """All of an answer that does not name the request."""
    passing = ("x-request-id", "date")
    headers = {name: v for name, v in answer.headers.items() if name.lower() not in passing}
    return answer.status, headers, {k: v for k, v in answer.json.items() if k != "instance"}


async def test_unknown_disabled_and_wrong_get_the_same_answer(auth: Running, database: str) -> None:
    """And each costs one hash and one audit event, so that time does not tell them apart either."""
    await query(database, "update users set status = 'disabled' where login = 'user0002'")
    tries = [
        ("user0001", "wrong password"),
        ("user0001", ""),
        ("user0001", "x" * 5000),
        ("user0002", PASSWORD),
        ("nobody", PASSWORD),
        ("Not A Login!", PASSWORD),
    ]
    before = await query(database, "select count(*) from audit_events")
    answers = [await auth.login(login, password) for login, password in tries]
    assert answers[0].status == 401
    assert answers[0].json["code"] == "invalid_credentials"
    assert all(alike(answer) == alike(answers[0]) for answer in answers)
    hashes = sum(
        auth.metric("auth_hash_seconds_count", op=op, cost="4") for op in ("verify", "dummy")
    )
    assert hashes == len(tries)
    failed = {"flow": "login", "outcome": "bad_credentials"}
    assert auth.metric("auth_attempts_total", **failed) == len(tries)
    assert await query(database, "select count(*) from audit_events") == before + len(tries)


async def test_a_login_can_be_taken_once(auth: Running, database: str) -> None:
    """Also by two at the same moment, and in whatever case."""
    name = f"bob-{uuid4().hex[:8]}"
    bodies = [{"login": name, "password": "a password"} for name in (name, name.upper()) * 3]
    answers = await asyncio.gather(*(auth.ask("POST", "/v1/users", json=body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert {a.json["code"] for a in answers if a.status == 409} == {"login_taken"}


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", JSON, 400, "invalid_json"),
        (b"", JSON, 400, "invalid_json"),
        (b'{"login": "\\ud800", "password": "x"}', JSON, 400, "invalid_json"),
        (b'{"login": "\xff", "password": "x"}', JSON, 400, "invalid_json"),
        (b"[" * 5000, JSON, 400, "invalid_json"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        (b"[]", JSON, 422, "invalid_request"),
        (b"{" + b" " * 20_000 + b"}", JSON, 413, "body_too_large"),
        (b"{}", {**JSON, "Content-Encoding": "gzip"}, 415, "unsupported_media_type"),
    ],
)
async def test_a_bad_body_is_refused(
    auth: Running, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    """With a problem document, counted as an invalid attempt."""
    answer = await auth.ask("POST", "/v1/sessions", data=body, headers=headers)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert auth.metric("auth_attempts_total", flow="login", outcome="invalid") == 1


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        ("/v1/sessions", {"login": 1}, ["#/login", "#/password"]),
        ("/v1/sessions", {"login": "a", "password": "b", "a/b~": 1}, ["#/a~1b~0"]),
        ("/v1/users", {"login": "a", "password": "7 signs"}, ["#/login", "#/password"]),
    ],
)
async def test_a_422_points_at_what_is_wrong(
    auth: Running, path: str, body: dict[str, Any], pointers: list[str]
) -> None:
    """By JSON pointer, and without repeating what was sent."""
    answer = await auth.ask("POST", path, json=body)
    assert (answer.status, [e["pointer"] for e in answer.json["errors"]]) == (422, pointers)
    assert b"7 signs" not in answer.body


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer junk", "Basic eDp5", "Bearer ats_é"])
async def test_no_token_no_answer(auth: Running, header: str) -> None:
    """401 with a challenge, before the database is asked."""
    answer = await auth.ask("GET", "/v1/whoami", headers={"Authorization": header})
    assert (answer.status, answer.json["code"]) == (401, "invalid_token")
    assert "Bearer" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/livez", 200),
        ("GET", "/readyz", 200),
        ("GET", "/nowhere", 404),
        ("PUT", "/v1/users", 405),
        ("GET", "/v1/whoami", 401),
        ("GET", "/metrics", 404),
    ],
)
async def test_every_answer_is_signed(auth: Running, method: str, path: str, status: int) -> None:
    """By instance and request; the caller's request id is kept if it is one."""
    answer = await auth.ask(method, path, headers={"X-Request-Id": "balancer-1234"})
    assert answer.status == status
    assert answer.headers["X-Served-By"] == "auth-7"
    assert answer.headers["X-Request-Id"] == "balancer-1234"
    assert answer.headers["Server"] == "authsvc"
    forged = await auth.ask(method, path, headers={"X-Request-Id": "a b"})
    assert len(forged.headers["X-Request-Id"]) == 32


async def test_bytes_that_are_no_http_get_a_signed_answer(auth: Running) -> None:
    """Although no application ever sees them."""
    reader, writer = await asyncio.open_connection(*auth.instance.addresses[0])
    writer.write(b"NONSENSE\r\n\r\n")
    answer = (await reader.read()).decode()
    writer.close()
    assert answer.startswith("HTTP/1.0 400 ")
    assert "X-Served-By: auth-7" in answer
    assert "X-Request-Id: " in answer
    assert "application/problem+json" in answer


async def test_every_series_is_there_at_zero(auth: Running) -> None:
    """A rate over a counter that appears with its first failure would miss that failure."""
    answer = await auth.ask("GET", "/metrics", private=True)
    lines = answer.body.decode().splitlines()
    for series in (
        'auth_attempts_submitted_total{flow="login"} 0.0',
        'auth_attempts_total{flow="login",outcome="success"} 0.0',
        'auth_attempts_total{flow="login",outcome="shed"} 0.0',
        'auth_attempts_total{flow="login",outcome="throttled"} 0.0',
        'auth_throttle_blocks_total{scope="account"} 0.0',
        'auth_throttle_blocks_total{scope="source"} 0.0',
        'auth_hash_rejected_total{reason="queue_full"} 0.0',
        'auth_hash_rejected_total{reason="client_gone"} 0.0',
        'auth_hash_seconds_count{cost="4",op="verify"} 0.0',
        'auth_db_errors_total{sqlstate_class="08"} 0.0',
        "auth_hash_queue_depth 0.0",
        "auth_hash_in_progress 0.0",
    ):
        assert series in lines
    assert answer.headers["X-Served-By"] == "auth-7"


async def test_details_are_private(auth: Running) -> None:
    """The service port says yes or no only."""
    assert (await auth.ask("GET", "/readyz")).body == b"ready\n"
    told = (await auth.ask("GET", "/readyz", private=True)).json
    assert (told["status"], told["name"], told["profile"]) == ("pass", "auth-7", "lab")


async def test_no_success_without_its_rows(auth: Running, database: str) -> None:
    """If the audit event cannot be written there is no session and no 201."""
    sessions = await query(database, "select count(*) from sessions")
    await query(database, "alter table audit_events rename to audit_events_gone")
    try:
        answer = await auth.login()
    finally:
        await query(database, "alter table audit_events_gone rename to audit_events")
    assert (answer.status, answer.json["code"]) == (503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert await query(database, "select count(*) from sessions") == sessions
    assert auth.metric("auth_attempts_total", flow="login", outcome="db_error") == 1
    assert auth.metric("auth_db_errors_total", sqlstate_class="42") == 1
