"""A new password over HTTP: changed by its owner, or reset by a token from the outbox."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from authsvc import resets
from authsvc.connecting import connection
from authsvc.verbs import outbox
from tests.authsvc.conftest import PASSWORD, PEPPER, Answer, Running, Start, query

pytestmark = pytest.mark.live
NEW = "battery staple"


@pytest.fixture
async def auth(start: Start, database: str) -> Running:
    """An instance of the usual lab kind, quicker."""
    return await start(database, hash_seconds=0.01)


async def registered(auth: Running) -> str:
    """A new account's login; its password is PASSWORD."""
    login = f"user-{uuid4().hex[:12]}"
    body = {"login": login, "password": PASSWORD}
    assert (await auth.ask("POST", "/v1/users", json=body)).status == 201
    return login


async def session(auth: Running, login: str, password: str = PASSWORD) -> dict[str, str]:
    """The header of a new session."""
    answer = await auth.login(login, password)
    assert answer.status == 201, answer.body
    return {"Authorization": f"Bearer {answer.json['access_token']}"}


async def lives(auth: Running, header: dict[str, str]) -> bool:
    """Whether the session is one."""
    return (await auth.ask("GET", "/v1/whoami", headers=header)).status == 200


async def change(auth: Running, header: dict[str, str], **body: Any) -> Answer:
    """POST /v1/password."""
    asked = {"current": PASSWORD, "new": NEW, **body}
    return await auth.ask("POST", "/v1/password", json=asked, headers=header)


async def events(database: str, login: str) -> list[tuple[str, str | None]]:
    """The account's audit events about passwords, oldest first, and by what."""
    async with connection(database, wait=5) as opened:
        rows = await opened.fetch(
            "select event, detail->>'by' as by from audit_events join users on users.id = user_id "
            "where login_norm = $1 and event like '%password%' order by audit_events.at",
            login,
        )
    return [(row["event"], row["by"]) for row in rows]


async def sent(database: str, login: str) -> list[outbox.Message]:
    """What the outbox has for the account, taken as the verb takes it."""
    found: list[outbox.Message] = []
    async with connection(database, wait=5) as opened:
        while await outbox.take(opened, PEPPER.encode(), found.extend):
            pass
    return [message for message in found if message.login == login]


async def request_reset(auth: Running, login: str) -> Answer:
    """POST /v1/password/reset."""
    return await auth.ask("POST", "/v1/password/reset", json={"login": login})


async def confirm(auth: Running, token: str | None, password: str = NEW) -> Answer:
    """POST /v1/password/reset/confirm."""
    body = {"token": token, "password": password}
    return await auth.ask("POST", "/v1/password/reset/confirm", json=body)


async def reset_token(auth: Running, database: str, login: str) -> str:
    """The token that the account was sent."""
    assert (await request_reset(auth, login)).status == 202
    (message,) = await sent(database, login)
    assert message.token is not None
    return message.token


async def test_a_change_ends_the_other_sessions_and_is_told(auth: Running, database: str) -> None:
    """This session goes on; the old password opens nothing; the owner gets a message."""
    login = await registered(auth)
    mine, other = await session(auth, login), await session(auth, login)
    assert (await change(auth, mine)).status == 204
    assert (await lives(auth, mine), await lives(auth, other)) == (True, False)
    assert (await auth.login(login, PASSWORD)).status == 401
    assert (await auth.login(login, NEW)).status == 201
    assert await events(database, login) == [("authn_password_change", "change")]
    assert [message.kind for message in await sent(database, login)] == ["password_changed"]


async def test_a_change_needs_the_current_password(auth: Running, database: str) -> None:
    """A stolen token is not enough: 403, kept in the audit, and everything stays."""
    login = await registered(auth)
    mine, other = await session(auth, login), await session(auth, login)
    answer = await change(auth, mine, current="not my password")
    assert (answer.status, answer.json["code"]) == (403, "wrong_password")
    assert await lives(auth, other)
    assert await events(database, login) == [("authn_password_change_fail", "change")]
    assert auth.metric("auth_attempts_total", flow="change", outcome="bad_credentials") == 1


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("short", "too_short"),
        ("Password1!", "common"),
        (PASSWORD, "unchanged"),
        ("{login}1", "like_login"),
    ],
)
async def test_a_new_password_that_will_not_do_is_refused(
    auth: Running, new: str, reason: str
) -> None:
    """With a pointer and a reason from a closed list, before anything is hashed."""
    login = await registered(auth)
    mine = await session(auth, login)
    hashed = auth.metric("auth_hash_seconds_count", op="verify", cost="4")
    answer = await change(auth, mine, new=new.format(login=login))
    assert (answer.status, answer.json["errors"][0]["reason"]) == (422, reason)
    assert answer.json["errors"][0]["pointer"] == "#/new"
    assert auth.metric("auth_hash_seconds_count", op="verify", cost="4") == hashed


async def test_a_common_password_is_refused_at_registration(auth: Running) -> None:
    """Never at login."""
    body = {"login": "somebody", "password": "iloveyou"}
    answer = await auth.ask("POST", "/v1/users", json=body)
    assert (answer.status, answer.json["errors"][0]["reason"]) == (422, "common")
    assert (await auth.login("user0001", "iloveyou")).status == 401


async def test_registrations_beyond_the_budget_are_told_when_to_come_again(
    start: Start, database: str
) -> None:
    """503 and Retry-After, counted as shed; logins go on."""
    auth = await start(database, hash_seconds=0.05, create_share=0.01)
    bodies = [{"login": f"user-{uuid4().hex[:12]}", "password": PASSWORD} for _ in range(3)]
    answers = [await auth.ask("POST", "/v1/users", json=body) for body in bodies]
    assert [answer.status for answer in answers] == [201, 201, 503]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 5
    assert auth.metric("auth_hash_rejected_total", reason="create_budget") == 1
    assert auth.metric("auth_attempts_total", flow="register", outcome="shed") == 1
    assert (await auth.login()).status == 201


async def test_of_changes_at_the_same_time_one_wins(auth: Running) -> None:
    """Each of the others finds its session ended or the password another, and changes nothing."""
    login = await registered(auth)
    headers = [await session(auth, login) for _ in range(4)]
    made = [f"{NEW} {n}" for n in range(4)]
    answers = await asyncio.gather(
        *(change(auth, header, new=new) for header, new in zip(headers, made, strict=True))
    )
    assert [answer.status for answer in answers].count(204) == 1
    assert {answer.status for answer in answers} <= {204, 401, 403}
    opened = [(await auth.login(login, new)).status for new in made]
    assert opened == [201 if answer.status == 204 else 401 for answer in answers]


async def test_a_reset_sets_a_password_and_ends_every_session(auth: Running, database: str) -> None:
    """It logs nobody in, works once, and is told."""
    login = await registered(auth)
    mine = await session(auth, login)
    token = await reset_token(auth, database, login)
    assert (await confirm(auth, token)).status == 204
    assert not await lives(auth, mine)
    assert (await auth.login(login, PASSWORD)).status == 401
    assert (await auth.login(login, NEW)).status == 201
    again = await confirm(auth, token, "yet another one")
    assert (again.status, again.json["code"]) == (400, "invalid_reset_token")
    assert await events(database, login) == [
        ("password_reset_requested", None),
        ("authn_password_change", "reset"),
        ("authn_password_change_fail", "reset"),
    ]
    assert [message.kind for message in await sent(database, login)] == ["password_changed"]


async def test_a_reset_used_by_many_at_once_is_used_by_one(auth: Running, database: str) -> None:
    """The statement that sets the password is the one that uses it up."""
    login = await registered(auth)
    token = await reset_token(auth, database, login)
    answers = await asyncio.gather(*(confirm(auth, token, f"{NEW} {n}") for n in range(5)))
    assert sorted(answer.status for answer in answers) == [204, 400, 400, 400, 400]


@pytest.mark.parametrize("kind", ["junk", "forged", "used", "old", "voided", "changed", "disabled"])
async def test_a_token_that_resets_nothing_costs_no_hash(
    auth: Running, database: str, kind: str
) -> None:
    """And one answer for all of them."""
    login = await registered(auth)
    token = await reset_token(auth, database, login)
    reset_id = resets.reset_id([PEPPER.encode()], token)
    match kind:
        case "junk":
            token = "arp_junk"
        case "forged":
            token = resets.token(b"another pepper", uuid4())
        case "used":
            assert (await confirm(auth, token)).status == 204
        case "old":
            update = "update password_resets set expires_at = now() where id = $1"
            await query(database, update, reset_id)
        case "voided":
            await request_reset(auth, login)
        case "changed":
            assert (await change(auth, await session(auth, login))).status == 204
        case "disabled":
            update = "update users set status = 'disabled' where login_norm = $1"
            await query(database, update, login)
    hashed = auth.metric("auth_hash_seconds_count", op="create", cost="4")
    answer = await confirm(auth, token, "yet another one")
    assert (answer.status, answer.json["code"]) == (400, "invalid_reset_token")
    assert auth.metric("auth_hash_seconds_count", op="create", cost="4") == hashed


async def test_a_refused_password_does_not_use_the_reset_up(auth: Running, database: str) -> None:
    """Its owner tries another."""
    login = await registered(auth)
    token = await reset_token(auth, database, login)
    answer = await confirm(auth, token, "password")
    assert (answer.status, answer.json["errors"][0]["reason"]) == (422, "common")
    assert (await confirm(auth, token)).status == 204


@pytest.mark.parametrize("login", ["nobody-has-this", "no login", ""])
async def test_a_reset_for_nobody_looks_like_any(auth: Running, database: str, login: str) -> None:
    """202, no message, and an audit event without an account."""
    count = "select count(*) from audit_events where event = 'password_reset_requested'"
    before = await query(database, f"{count} and user_id is null")
    answer, known = await request_reset(auth, login), await request_reset(auth, "user0030")
    assert (answer.status, answer.body) == (known.status, known.body) == (202, b"")
    assert await query(database, f"{count} and user_id is null") == before + 1


async def test_an_account_is_sent_three_resets_an_hour(auth: Running, database: str) -> None:
    """However many are asked for at the same time; only the newest can be used."""
    login = await registered(auth)
    answers = await asyncio.gather(*(request_reset(auth, login) for _ in range(12)))
    assert {answer.status for answer in answers} == {202}
    made = (
        "select count(*) from password_resets join users u on u.id = user_id where login_norm = $1"
    )
    assert await query(database, made, login) == 3
    tokens = [message.token for message in await sent(database, login)]
    statuses = [(await confirm(auth, token)).status for token in tokens]
    assert statuses.count(204) <= 1
    later = "update users set resets_since = now() - interval '61 minutes' where login_norm = $1"
    await query(database, later, login)
    await request_reset(auth, login)
    assert await query(database, made, login) == 4


async def test_a_right_password_that_must_be_changed_opens_nothing(
    auth: Running, database: str
) -> None:
    """A wrong one is told nothing of it; a reset lifts it."""
    login = await registered(auth)
    must = (
        "update credentials c set must_change = true from users u "
        "where u.id = c.user_id and login_norm = $1"
    )
    await query(database, must, login)
    right, wrong = await auth.login(login), await auth.login(login, "wrong")
    assert (right.status, right.json["code"]) == (403, "password_change_required")
    assert wrong.status == 401
    assert (await confirm(auth, await reset_token(auth, database, login))).status == 204
    assert (await auth.login(login, NEW)).status == 201


async def test_answers_to_reset_requests_keep_to_a_tick(auth: Running) -> None:
    """What is known of an account cannot show in a time that is rounded up."""
    await request_reset(auth, "user0031")
    sums = auth.metric("auth_attempt_duration_seconds_sum", flow="reset_request", outcome="success")
    assert sums >= 0.099


async def test_names_of_other_alphabets_are_a_choice(start: Start, database: str) -> None:
    """Refused by default, with the policy; taken where the instances are told to."""
    body = {"login": "Ünal", "password": PASSWORD}
    ascii_only, unicode = await start(database), await start(database, names="unicode")
    refused = await ascii_only.ask("POST", "/v1/users", json=body)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "#/login")
    assert (await unicode.ask("POST", "/v1/users", json=body)).status == 201
    assert (await unicode.login("U\u0308NAL")).status == 201
    assert (await ascii_only.login("ünal")).status == 401
