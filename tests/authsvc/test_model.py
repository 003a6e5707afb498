"""Who is logged in where: the service against a model of it, step by step, whatever the steps.

The model is a dictionary of sessions. After each step the service must agree with it: each token
that was ever handed out opens exactly what the model says, and the operators' list of each
account's sessions is the model's.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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


@dataclass
class User:
    """An account, as the model has it."""

    id: str
    login: str
    password: str
    active: bool = True
    sessions: dict[str, str] = field(default_factory=dict)
    """Live sessions: id to access token."""


@dataclass
class Ended:
    """A session that is none any more."""

    token: str
    why: str


@dataclass(frozen=True)
class Service:
    """The running service, from both sides, and an operator's token."""

    clients: Calls
    operators: Calls
    token: str


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

    def end(self, user: User, why: str, *ids: str) -> None:
        """In the model, these sessions are over."""
        for session_id in ids:
            self.ended.append(Ended(user.sessions.pop(session_id), why))

    @initialize()
    def first(self) -> None:
        """There is somebody."""
        self.register("first password")

    @precondition(lambda self: len(self.users) < MOST_USERS)
    @rule(password=st.text(st.characters(codec="utf-8"), min_size=8, max_size=20))
    def register(self, password: str) -> None:
        """Any password of eight characters will do."""
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
            user.sessions[answer.json["session_id"]] = answer.json["access_token"]

    @rule(data=st.data(), password=st.sampled_from(["", "wrong", "wrong password", "\0" * 73]))
    def log_in_wrong(self, data: st.DataObject, password: str) -> None:
        """A wrong password opens nothing."""
        login = self.some_user(data).login
        assert self.ask("POST", "/v1/sessions", login=login, password=password).status == 401

    @rule(data=st.data())
    def log_out(self, data: st.DataObject) -> None:
        """Ends one session, and no other."""
        user = self.some_user(data)
        if user.sessions:
            session_id = data.draw(st.sampled_from(sorted(user.sessions)), "session")
            token = user.sessions[session_id]
            assert self.ask("DELETE", "/v1/sessions/current", token).status == 204
            self.end(user, "logged out", session_id)

    @precondition(lambda self: self.ended)
    @rule(data=st.data())
    def log_out_again(self, data: st.DataObject) -> None:
        """What has ended cannot be ended."""
        token = data.draw(st.sampled_from(self.ended), "ended").token
        assert self.ask("DELETE", "/v1/sessions/current", token).status == 401

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
            for token in user.sessions.values():
                me = self.ask("GET", "/v1/whoami", token)
                assert (me.status, me.json["user_id"], me.json["login"]) == (
                    *(200, user.id),
                    user.login,
                )
        for ended in self.ended:
            assert self.ask("GET", "/v1/whoami", ended.token).status == 401, ended.why

    @invariant()
    def operators_see_the_same(self) -> None:
        """Status and live sessions of each account."""
        for user in self.users:
            seen = self.operate("GET", f"/admin/users/{user.id}").json
            assert seen["status"] == ("active" if user.active else "disabled")
            assert seen["live_sessions"] == len(user.sessions)
            listed = self.operate("GET", f"/admin/users/{user.id}/sessions").json["sessions"]
            assert {session["id"] for session in listed} == set(user.sessions)


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
