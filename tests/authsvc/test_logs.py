"""Log lines: one JSON object each, whatever is in it."""

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authsvc.logs import JsonLines, Seldom
from tests.authsvc.conftest import Start


def written(*args: object, **extra: object) -> str:
    """The line of one record."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines("auth-1"))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise ValueError("the password is hush")
    except ValueError:
        logger.exception("said %s", *args, extra=extra)
    return stream.getvalue()


@pytest.mark.parametrize("nasty", ["\n\r", "\ud800", "\x00\x1b[2J", '"}', "\u2028é🐎", b"\xff"])
def test_any_text_stays_on_its_line(nasty: object) -> None:
    """Nobody can forge a second line, nor break the terminal or the encoder."""
    line = written(nasty, field=nasty)
    assert line.count("\n") == 1
    assert line.isascii()
    assert line.rstrip("\n").isprintable()
    assert json.loads(line)["instance"] == "auth-1"


def test_an_exception_is_told_without_its_text() -> None:
    """The type and the place are enough to find it; the text may quote a secret."""
    line = written("x")
    assert "hush" not in line
    told = json.loads(line)
    assert told["error"] == "ValueError"
    assert "test_logs.py" in told["stack"][0]


def test_time_is_utc() -> None:
    """RFC 3339, so that lines of many machines can be merged."""
    assert json.loads(written("x"))["ts"].endswith("+00:00")


TEXT = st.text() | st.text(st.characters(categories=["Cc", "Cs", "Zl", "Zp"])) | st.binary()


@given(st.dictionaries(st.sampled_from(["route", "request_id", "src", "detail"]), TEXT), TEXT)
def test_a_line_survives_any_byte(fields: dict[str, object], said: object) -> None:
    """One line, printable ASCII, and JSON that gives every text back as it was."""
    line = written(said, **fields)
    assert line.count("\n") == 1
    assert line.isascii()
    assert line.rstrip("\n").isprintable()
    told = json.loads(line)
    texts = {name: v if isinstance(v, str) else str(v) for name, v in fields.items()}
    # two lone surrogates side by side are one character in JSON
    assert {name: told[name] for name in fields} == json.loads(json.dumps(texts))


def test_a_message_that_floods_is_told_once_in_a_while() -> None:
    """The next one says how many were left out; other messages are not held back by it."""
    now = [100.0]
    seldom = Seldom(10.0, lambda: now[0])

    def record(message: str) -> logging.LogRecord:
        return logging.makeLogRecord({"msg": message})

    assert seldom.filter(record("lost"))
    assert not any(seldom.filter(record("lost")) for _ in range(7))
    assert seldom.filter(record("other"))
    now[0] += 10
    next_one = record("lost")
    assert seldom.filter(next_one)
    assert vars(next_one)["left_out"] == 7
    assert not hasattr(record("lost"), "left_out")


@pytest.mark.live
async def test_a_login_is_one_line_that_says_where_its_time_went(
    start: Start, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """At info: event, outcome, ids, and the milliseconds of queue, hash and database."""
    auth = await start(database, hash_seconds=0.05)
    caplog.set_level(logging.INFO, "authsvc")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    ok = await auth.login(headers=headers)
    assert (await auth.login(password="wrong")).status == 401
    token = {"Authorization": f"Bearer {ok.json['access_token']}"}
    assert (await auth.ask("GET", "/v1/whoami", headers=token)).status == 200
    answered = [vars(r) for r in caplog.records if r.message == "answered"]
    assert [line["event"] for line in answered] == ["authn_login_success", "authn_login_fail"]
    good = answered[0]
    assert (good["outcome"], good["status"], good["route"]) == ("success", 201, "/v1/sessions")
    assert (good["trace_id"], good["request_id"]) == (trace, ok.headers["X-Request-Id"])
    assert good["hash_ms"] >= 50
    assert good["db_ms"] > 0
    assert good["queue_ms"] >= 0
    assert good["dur_ms"] >= good["hash_ms"] + good["db_ms"] - 1
