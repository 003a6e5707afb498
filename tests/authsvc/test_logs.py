"""Log lines: one JSON object each, whatever is in it."""

import io
import json
import logging

import pytest

from authsvc.logs import JsonLines


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
