"""Introspection (RFC 7662) and revocation (RFC 7009), with a real Postgres behind them."""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from authsvc.origin import Origin
from authsvc.store.clients import Role
from tests.authsvc.conftest import Answer, Running, Start, query, until_true

pytestmark = pytest.mark.live
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def auth(start: Start, database: str) -> Running:
    """An instance that is quick: no emulation."""
    return await start(database, hash_seconds=0.0)


async def client(auth: Running, role: Role = Role.SERVICE) -> str:
    """The token of a new client."""
    token, name = uuid4().hex, f"client-{uuid4().hex[:8]}"
    clients = auth.instance._service.clients
    origin = Origin("test-1234", "test")
    assert await clients.add(origin, name, role, hashlib.sha256(token.encode()).digest())
    return token


async def post(auth: Running, path: str, token: str | None, form: Mapping[str, str]) -> Answer:
    """A form, from a client with a token or from nobody."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return await auth.ask("POST", path, data=dict(form), headers=headers)


async def introspected(auth: Running, service: str, token: str, **more: str) -> dict[str, Any]:
    """What a service is told of a token."""
    answer = await post(auth, "/v1/introspect", service, {"token": token, **more})
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    told: dict[str, Any] = answer.json
    return told


async def renewed(auth: Running, session: dict[str, Any]) -> dict[str, Any]:
    """Its next tokens."""
    body = {"refresh_token": session["refresh_token"]}
    told: dict[str, Any] = (await auth.ask("POST", "/v1/sessions/refresh", json=body)).json
    return told


async def test_a_service_learns_whose_token_it_is(auth: Running, database: str) -> None:
    """Of either kind, whatever hint it gives; only an access token is one to let in by."""
    service, session = await client(auth), (await auth.login("user0020")).json
    user = await query(database, "select id::text from users where login = 'user0020'")
    common = {"active": True, "sub": user, "username": "user0020", "sid": session["session_id"]}
    for hint in ({}, {"token_type_hint": "refresh_token"}, {"token_type_hint": "?"}):
        told = await introspected(auth, service, session["access_token"], **hint)
        assert told.pop("exp") - told.pop("iat") == 900
        assert told == common | {"token_type": "Bearer", "token_use": "access_token"}
    told = await introspected(auth, service, session["refresh_token"])
    assert told.pop("exp") - told.pop("iat") == 3600
    assert told == common | {"token_use": "refresh_token"}


@pytest.mark.parametrize("token", ["junk", "ats_" + "a" * 43, "atr_" + "a" * 75, "\0\ud7ff"])
async def test_what_is_no_token_is_not_active(auth: Running, token: str) -> None:
    """And nothing else is said of it."""
    assert await introspected(auth, await client(auth), token) == {"active": False}


@pytest.mark.parametrize(
    "over",
    [
        "update sessions set expires_at = now() where id = $1",
        "update sessions set idle_expires_at = now() where id = $1",
        "update sessions set ended_at = now() where id = $1",
        """update users set status = 'disabled'
        where id = (select user_id from sessions where id = $1)""",
    ],
)
async def test_what_is_over_is_not_active(auth: Running, database: str, over: str) -> None:
    """Expired, idle, ended, or its user disabled: by either token."""
    service, login = await client(auth), f"u{uuid4().hex[:8]}"
    await auth.ask("POST", "/v1/users", json={"login": login, "password": "correct horse"})
    session = (await auth.login(login)).json
    await query(database, over, session["session_id"])
    for kind in ("access_token", "refresh_token"):
        assert await introspected(auth, service, session[kind]) == {"active": False}


async def test_tokens_of_another_generation_are_not_active(auth: Running) -> None:
    """Also the predecessor in its grace: it is good for one thing only."""
    service, first = await client(auth), (await auth.login("user0021")).json
    second = await renewed(auth, first)
    for kind in ("access_token", "refresh_token"):
        assert not (await introspected(auth, service, first[kind]))["active"]
        assert (await introspected(auth, service, second[kind]))["active"]


async def test_an_introspected_access_token_is_in_use(auth: Running, database: str) -> None:
    """So a session does not idle away while a service lets its owner in."""
    service, session = await client(auth), (await auth.login("user0022")).json
    ago = "update sessions set last_seen_at = now() - interval '2 min' where id = $1"
    seen = "select last_seen_at > now() - interval '1 min' from sessions where id = $1"
    await query(database, ago, session["session_id"])
    await introspected(auth, service, session["access_token"])
    await until_true(lambda: query(database, seen, session["session_id"]))


@pytest.mark.parametrize("path", ["/v1/introspect", "/v1/revoke"])
async def test_only_a_service_may_ask(auth: Running, database: str, path: str) -> None:
    """No administrator, no user, no client that was revoked; the challenge tells no more."""
    session = (await auth.login("user0023")).json
    revoked = await client(auth)
    hashed = hashlib.sha256(revoked.encode()).digest()
    await query(database, "update clients set revoked_at = now() where token_hash = $1", hashed)
    admin = await client(auth, Role.ADMIN)
    for token in (admin, session["access_token"], revoked, "wrong", ""):
        answer = await post(auth, path, token, {"token": session["access_token"]})
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    basic = {"Authorization": "Basic eDp5"}
    assert (await auth.ask("POST", path, data={"token": "x"}, headers=basic)).status == 401
    assert (await introspected(auth, await client(auth), session["access_token"]))["active"]


async def test_introspection_without_a_client_is_refused(auth: Running) -> None:
    """Whoever has a token only may not ask what it is good for."""
    answer = await post(auth, "/v1/introspect", None, {"token": "x"})
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("path", ["/v1/introspect", "/v1/revoke"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", FORM),
        (b"token=", FORM),
        (b"token=a&token=b", FORM),
        (b"other=a", FORM),
        (b"token=\xff", FORM),
        (b"token=a" + b"&b=c" * 20, FORM),
        (b'{"token": "a"}', "application/json"),
    ],
)
async def test_a_form_without_one_token_is_refused(
    auth: Running, path: str, body: bytes, content_type: str
) -> None:
    """In OAuth's words, for OAuth's clients."""
    token = await client(auth)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}
    answer = await auth.ask("POST", path, data=body, headers=headers)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("by_service", [True, False])
async def test_either_token_ends_the_session(
    auth: Running, database: str, kind: str, by_service: bool
) -> None:
    """Shown by a service, which the audit names, or by whoever has it; a second time also 200."""
    session = (await auth.login("user0024")).json
    service = await client(auth) if by_service else None
    for _ in range(2):
        answer = await post(auth, "/v1/revoke", service, {"token": session[kind]})
        assert (answer.status, answer.body) == (200, b"")
    events = """select json_agg(json_build_array(event, actor is not null) order by at)::text
        from audit_events where session_id = $1 and event <> 'authn_login_success'"""
    expected = f'[["authn_token_revoked", {str(by_service).lower()}]]'
    assert await query(database, events, session["session_id"]) == expected
    whoami = {"Authorization": f"Bearer {session['access_token']}"}
    assert (await auth.ask("GET", "/v1/whoami", headers=whoami)).status == 401
    assert auth.metric("auth_sessions_ended_total", reason="revoked") == 1


@pytest.mark.parametrize("token", ["junk", "ats_" + "a" * 43, "atr_" + "a" * 75])
async def test_revoking_what_is_not_there_is_done(auth: Running, token: str) -> None:
    """RFC 7009 2.2: the client wants it gone, and gone it is."""
    assert (await post(auth, "/v1/revoke", None, {"token": token})).status == 200
