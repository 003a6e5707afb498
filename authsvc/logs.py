"""JSON lines on stderr: one object a line, UTC, safe for any byte a client can send, no secrets.

Messages are constants; what varies goes into fields (`extra=`). Of an exception only the type and
the place are kept: its text may quote the value that a client sent.
"""

import json
import logging
import math
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

SELDOM_SECONDS = 10.0
NOISY = ("asyncpg", "asyncpg.pool")  # a filter counts for its own logger only
_STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """A record as one line of ASCII JSON."""

    def __init__(self, instance: str) -> None:
        super().__init__()
        self._instance = instance

    def format(self, record: logging.LogRecord) -> str:
        """The line; fields that JSON does not know become their text."""
        line = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
            "instance": self._instance,
            **{key: value for key, value in vars(record).items() if key not in _STANDARD},
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])
            line["stack"] = [f"{f.filename}:{f.lineno} {f.name}" for f in frames]
        return json.dumps(line, default=str)  # escapes all but ASCII, so any stderr takes it


class Seldom(logging.Filter):
    """At most one record of each message in `seconds`; the next tells how many were left out.

    asyncpg logs a traceback each time that it cannot reconnect, which an outage makes into a flood.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        super().__init__()
        self._seconds = seconds
        self._clock = clock
        self._until: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is time for this message again. They are few: code's, never data."""
        message, now = str(record.msg), self._clock()
        if now < self._until.get(message, -math.inf):
            self._left_out[message] = self._left_out.get(message, 0) + 1
            return False
        self._until[message] = now + self._seconds
        if left_out := self._left_out.pop(message, 0):
            record.left_out = left_out
        return True


def log_to(stream: TextIO, instance: str, level: str) -> None:
    """Send every logger's records of `level` and above to `stream`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(instance))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    for noisy in NOISY:
        logging.getLogger(noisy).filters[:] = [Seldom(SELDOM_SECONDS, time.monotonic)]


def log_to_stderr(instance: str, level: str) -> None:
    """What a running instance does."""
    log_to(sys.stderr, instance, level)
