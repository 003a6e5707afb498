"""`evenhand authsvc user` and `outbox`: what they print, do, and refuse."""

import io
import json

import pytest

from authsvc.cli import main
from authsvc.metrics import Metrics
from authsvc.origin import Origin
from authsvc.settings import Profile
from authsvc.store.database import Database
from authsvc.store.passwords import Passwords
from tests.authsvc.conftest import PEPPER, apart, query

pytestmark = pytest.mark.live


@pytest.fixture(autouse=True)
def environment(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the verbs read."""
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("AUTH_PEPPER", PEPPER)


def asked(database: str, statement: str, *values: object) -> object:
    """One value from the database."""
    return apart(query(database, statement, *values))


def request_resets(database: str, *logins: str) -> None:
    """As the service does."""

    async def request() -> None:
        opened = Database(database, "test", Metrics(Profile.LAB, 4))
        await opened.open()
        for login in logins:
            await Passwords(opened).request_reset(Origin("a-request", "test"), login)
        await opened.close()

    apart(request())


def test_an_added_user_gets_a_password_once(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Printed, and kept as a hash only; the audit names who did it."""
    assert main(["user", "add", "Carol", "--bcrypt-cost", "4", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["login"], len(told["password"])) == ("Carol", 20)
    actor = (
        "select actor from audit_events where user_id = $1::text::uuid and event = 'user_created'"
    )
    assert str(asked(database, actor, told["user_id"])).startswith("cli:")


def test_a_password_can_come_from_stdin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then it is not printed."""
    monkeypatch.setattr("sys.stdin", io.StringIO("tea at the station\n"))
    assert main(["user", "add", "dave", "--password-stdin", "--bcrypt-cost", "4"]) == 0
    assert capsys.readouterr().out == "dave can log in\n"


@pytest.mark.parametrize(
    ("argv", "typed", "word"),
    [
        (["add", "no login"], "", "3 to 64"),
        (["add", "erin", "--password-stdin"], "password1", "first that attackers try"),
        (["add", "user0001"], "", "taken"),
        (["disable", "nobody"], "", "no account nobody"),
        (["enable", "user0001"], "", "active already"),
    ],
)
def test_what_cannot_be_done_is_said(
    argv: list[str],
    typed: str,
    word: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 2."""
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert main(["user", *argv]) == 2
    assert word in capsys.readouterr().err


def test_disabling_ends_sessions_and_enabling_opens_the_account_again(database: str) -> None:
    """Both are in the audit, with what the account became."""
    login = "user0005"
    begun = (
        "insert into sessions (user_id, access_hash, expires_at, access_expires_at) "
        "select id, sha256('x'), now() + interval '1 h', now() + interval '1 h' "
        "from users where login_norm = $1"
    )
    asked(database, begun, login)
    assert main(["user", "disable", login]) == 0
    live = "select count(*) from sessions where ended_at is null"
    status = "select status from users where login_norm = $1"
    assert (asked(database, live), asked(database, status, login)) == (0, "disabled")
    assert main(["user", "enable", login]) == 0
    assert asked(database, status, login) == "active"
    became = (
        "select string_agg(detail->>'status', ' ' order by at) from audit_events where event = $1"
    )
    assert asked(database, became, "user_updated") == "disabled active"


def test_the_outbox_prints_each_message_once(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the token that the service believes; a reset that is of no use any more is not sent."""
    request_resets(database, "user0007", "user0008")
    asked(
        database,
        "update password_resets set expires_at = now() "
        "where user_id = (select id from users where login_norm = $1)",
        "user0008",
    )
    assert main(["outbox", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["kind"], told["login"], told["token"][:4]) == (
        "password_reset",
        "user0007",
        "arp_",
    )
    assert main(["outbox"]) == 0
    assert capsys.readouterr().out == ""
    assert asked(database, "select count(*) from outbox where sent_at is null") == 0


def test_a_database_without_schema_is_said(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what would do."""
    monkeypatch.setenv("DATABASE_URL", empty_database)
    assert main(["outbox"]) == 2
    assert "evenhand authsvc migrate" in capsys.readouterr().err
