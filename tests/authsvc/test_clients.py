"""`evenhand authsvc client`: tokens are told once, and revoked for good."""

import json

import pytest

from authsvc import client_tokens
from authsvc.cli import main
from tests.authsvc.conftest import apart, query

pytestmark = pytest.mark.live


@pytest.fixture(autouse=True)
def environment(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the command finds the database; it needs no pepper."""
    monkeypatch.setenv("DATABASE_URL", database)


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, str]:
    """What a run of the verb prints as JSON."""
    assert main(["client", *argv, "--json"]) == 0
    found: dict[str, str] = json.loads(capsys.readouterr().out)
    return found


def test_a_client_is_added_listed_and_revoked(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its token is printed and not kept; each step stands in the audit."""
    made = told(capsys, "add", "oncall-ada", "--role", "admin")
    kept = apart(query(database, "select token_hash from clients where name = 'oncall-ada'"))
    assert kept == client_tokens.digest(made["token"])
    assert main(["client", "list"]) == 0
    listed = capsys.readouterr().out
    assert "oncall-ada" in listed
    assert made["token"] not in listed

    assert told(capsys, "revoke", "oncall-ada") == {"revoked": "oncall-ada"}

    assert main(["client", "list"]) == 0
    assert "revoked" in capsys.readouterr().out
    steps = "select array_agg(detail->>'to' order by at) from audit_events"
    steps += " where event = 'privilege_permissions_changed' and actor is not null"
    assert apart(query(database, steps)) == ["admin", "none"]


def test_a_name_is_never_given_twice(capsys: pytest.CaptureFixture[str]) -> None:
    """Also not after its client was revoked, or the audit could not tell them apart."""
    told(capsys, "add", "shop", "--role", "service")
    told(capsys, "revoke", "shop")
    assert main(["client", "add", "shop", "--role", "service"]) == 2
    assert "take another name" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["add", "Ada L", "--role", "admin"], "for example oncall-ada"),
        (["revoke", "nobody"], "`client list`"),
    ],
)
def test_what_will_not_do_is_said(
    argv: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what would."""
    assert main(["client", *argv]) == 2
    assert word in capsys.readouterr().err
