"""Who is logged in where: the service against a model of it, step by step, whatever the steps.

The model is a dictionary of sessions. After each step the service must agree with it: each token
that was ever handed out opens exactly what the model says, and the operators' list of each
account's sessions is the model's.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from authsvc.store.clients import Role
from tests.authsvc.calls import Calls, Reply
from tests.authsvc.conftest import ADMIN, SERVICE, apart, until_true
from tests.authsvc.service import Process, process
from tests.authsvc.test_admin import new_client

pytestmark = pytest.mark.live

EXAMPLES, STEPS = 20, 25
MOST_USERS = 3  # the fewer there are, the more happens to each


@dataclass(frozen=True)
class Tokens:
    """What the holder of a session has: the newest pair, and all refresh tokens before it."""

    access: str
    refresh: str
    older: tuple[str, ...] = ()

    @classmethod
    def of(cls, answer: Reply) -> Self:
        """Those of a login or a refresh."""
        return cls(answer.json["access_token"], answer.json["refresh_token"])


@dataclass
class User:
    """An account, as the model has it."""

    id: str
    login: str
    password: str
    active: bool = True
    sessions: dict[str, Tokens] = field(default_factory=dict)
    """Live sessions, by id."""


@dataclass
class Ended:
    """A session that is none any more."""

    tokens: Tokens
    why: str


@dataclass(frozen=True)
class Service:
    """The running service, from both sides, and an operator's token."""

    clients: Calls
    operators: Calls
    token: str


def logged_in(model: "Model") -> bool:
    """Whether anybody is."""
    return any(user.sessions for user in model.users)


class Model(RuleBasedStateMachine):
    """Steps that clients and operators take, and what must be so after each."""

    service: Service

    def __init__(self) -> None:
        super().__init__()
        self.users: list[User] = []
        self.ended: list[Ended] = []

    def ask(self, method: str, path: str, token: str = "", **body: str) -> Reply:
        """A client's request."""
        return self.service.clients.ask(method, path, token, body or None)

    def operate(self, method: str, path: str) -> Reply:
        """An operator's request."""
        return self.service.operators.ask(method, path, self.service.token)

    def some_user(self, data: st.DataObject) -> User:
        """Any of the accounts."""
        return data.draw(st.sampled_from(self.users), "user")

    def some_session(self, data: st.DataObject) -> tuple[User, str]:
        """Any live one; there must be one."""
        live = [(user, session_id) for user in self.users for session_id in user.sessions]
        return data.draw(st.sampled_from(live), "session")

    def end(self, user: User, why: str, *ids: str) -> None:
        """In the model, these sessions are over."""
        for session_id in ids:
            self.ended.append(Ended(user.sessions.pop(session_id), why))

    @initialize()
    def first(self) -> None:
        """There is somebody."""
        self.register("first password")

    @precondition(lambda self: len(self.users) < MOST_USERS)
    @rule(password=st.text(st.characters(codec="utf-8"), max_size=20).map("not common {}".format))
    def register(self, password: str) -> None:
        """Any characters will do."""
        login = f"Model-{uuid4().hex[:12]}"
        made = self.ask("POST", "/v1/users", login=login, password=password)
        assert made.status == 201
        self.users.append(User(made.json["user_id"], login, password))

    @rule(data=st.data(), change=st.sampled_from([str.lower, str.upper, str]))
    def register_again(self, data: st.DataObject, change: Callable[[str], str]) -> None:
        """A login is taken, in whatever case."""
        login = change(self.some_user(data).login)
        assert self.ask("POST", "/v1/users", login=login, password="another one").status == 409

    @rule(data=st.data())
    def log_in(self, data: st.DataObject) -> None:
        """The right password opens a session, unless the account is disabled."""
        user = self.some_user(data)
        answer = self.ask("POST", "/v1/sessions", login=user.login, password=user.password)
        assert answer.status == (201 if user.active else 401)
        if user.active:
            user.sessions[answer.json["session_id"]] = Tokens.of(answer)

    @rule(data=st.data(), password=st.sampled_from(["", "wrong", "wrong password", "\0" * 73]))
    def log_in_wrong(self, data: st.DataObject, password: str) -> None:
        """A wrong password opens nothing."""
        login = self.some_user(data).login
        assert self.ask("POST", "/v1/sessions", login=login, password=password).status == 401

    @precondition(logged_in)
    @rule(data=st.data())
    def log_out(self, data: st.DataObject) -> None:
        """Ends one session, and no other."""
        user, session_id = self.some_session(data)
        token = user.sessions[session_id].access
        assert self.ask("DELETE", "/v1/sessions/current", token).status == 204
        self.end(user, "logged out", session_id)

    @precondition(logged_in)
    @rule(data=st.data())
    def log_out_elsewhere(self, data: st.DataObject) -> None:
        """By id: one's own session ends, another's is not found."""
        user, session_id = self.some_session(data)
        asking, _ = self.some_session(data)
        token = next(iter(asking.sessions.values())).access
        answer = self.ask("DELETE", f"/v1/sessions/{session_id}", token)
        assert answer.status == (204 if asking is user else 404)
        if asking is user:
            self.end(user, "ended by id", session_id)

    @precondition(logged_in)
    @rule(data=st.data())
    def log_out_others(self, data: st.DataObject) -> None:
        """All but the asking one."""
        user, session_id = self.some_session(data)
        others = set(user.sessions) - {session_id}
        answer = self.ask("DELETE", "/v1/sessions", user.sessions[session_id].access)
        assert answer.json == {"ended": len(others)}
        self.end(user, "ended by another", *others)

    @precondition(logged_in)
    @rule(data=st.data())
    def refresh(self, data: st.DataObject) -> None:
        """The session goes on with a new pair, and the access token before it is void."""
        user, session_id = self.some_session(data)
        old = user.sessions[session_id]
        answer = self.ask("POST", "/v1/sessions/refresh", refresh_token=old.refresh)
        assert (answer.status, answer.json["session_id"]) == (200, session_id)
        new = Tokens.of(answer)
        assert self.ask("GET", "/v1/whoami", old.access).status == 401
        user.sessions[session_id] = Tokens(new.access, new.refresh, (*old.older, old.refresh))

    @precondition(logged_in)
    @rule(data=st.data())
    def refresh_again(self, data: st.DataObject) -> None:
        """Just now, with the token before: the same pair. With an older one: it was stolen."""
        user, session_id = self.some_session(data)
        tokens = user.sessions[session_id]
        if not tokens.older:
            return
        which = data.draw(st.sampled_from(range(len(tokens.older))), "which")
        last = which == len(tokens.older) - 1
        answer = self.ask("POST", "/v1/sessions/refresh", refresh_token=tokens.older[which])
        assert answer.status == (200 if last else 401)
        if last:
            assert Tokens.of(answer) == Tokens(tokens.access, tokens.refresh)
        else:
            self.end(user, "a token was used again", session_id)

    @precondition(logged_in)
    @rule(data=st.data(), new=st.uuids().map(str))
    def change_password(self, data: st.DataObject, new: str) -> None:
        """The other sessions end."""
        user, session_id = self.some_session(data)
        token = user.sessions[session_id].access
        wrong = self.ask("POST", "/v1/password", token, current="not this one", new=new)
        assert wrong.status == 403
        right = self.ask("POST", "/v1/password", token, current=user.password, new=new)
        assert right.status == 204
        user.password = new
        self.end(user, "password changed", *(set(user.sessions) - {session_id}))

    @precondition(lambda self: self.ended)
    @rule(data=st.data())
    def log_out_again(self, data: st.DataObject) -> None:
        """What has ended cannot be ended."""
        token = data.draw(st.sampled_from(self.ended), "ended").tokens
        assert self.ask("DELETE", "/v1/sessions/current", token.access).status == 401
        again = self.ask("POST", "/v1/sessions/refresh", refresh_token=token.refresh)
        assert again.status == 401

    @rule(data=st.data(), deed=st.sampled_from(["disable", "enable", "unlock"]))
    def operators_deed(self, data: st.DataObject, deed: str) -> None:
        """Disabling ends all sessions; enabling brings none back; unlocking does neither."""
        user = self.some_user(data)
        assert self.operate("POST", f"/admin/users/{user.id}/{deed}").status == 200
        if deed == "disable":
            self.end(user, deed, *user.sessions)
        if deed != "unlock":
            user.active = deed == "enable"

    @rule(data=st.data())
    def operator_logs_out(self, data: st.DataObject) -> None:
        """All of one account's sessions, and the number is right."""
        user = self.some_user(data)
        answer = self.operate("DELETE", f"/admin/users/{user.id}/sessions")
        assert answer.json == {"ended": len(user.sessions)}
        self.end(user, "operator", *user.sessions)

    @invariant()
    def tokens_open_what_they_should(self) -> None:
        """Live ones their own account, ended ones nothing."""
        for user in self.users:
            for session_id, tokens in user.sessions.items():
                me = self.ask("GET", "/v1/whoami", tokens.access)
                assert me.status == 200
                found = [me.json[name] for name in ("user_id", "login", "session_id")]
                assert found == [user.id, user.login, session_id]
        for ended in self.ended:
            assert self.ask("GET", "/v1/whoami", ended.tokens.access).status == 401, ended.why

    @invariant()
    def operators_see_the_same(self) -> None:
        """Status and live sessions of each account."""
        for user in self.users:
            seen = self.operate("GET", f"/admin/users/{user.id}").json
            assert seen["status"] == ("active" if user.active else "disabled")
            assert seen["live_sessions"] == len(user.sessions)
            listed = self.operate("GET", f"/admin/users/{user.id}/sessions").json["sessions"]
            assert {session["id"] for session in listed} == set(user.sessions)
            for tokens in list(user.sessions.values())[:1]:
                own = self.ask("GET", "/v1/sessions", tokens.access).json["sessions"]
                assert {session["id"] for session in own} == set(user.sessions)


@pytest.fixture(scope="module")
def running(database: str) -> Iterator[Process]:
    """One instance for all examples; each makes accounts of its own."""
    with process(database) as started:
        apart(until_true(started.ready))
        yield started


@pytest.fixture
def service(running: Process, database: str) -> Iterator[Service]:
    """Connections to both listeners."""
    _, token = apart(new_client(database, Role.ADMIN))
    made = Service(
        Calls(running.urls["service"], SERVICE), Calls(running.urls["admin"], ADMIN), token
    )
    yield made
    made.clients.close()
    made.operators.close()


def test_service_and_model_agree(service: Service) -> None:
    """After every step."""

    class Bound(Model):
        pass

    Bound.service = service
    few = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Bound, settings=few)
