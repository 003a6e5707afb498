"""JSON lines on stderr: one object a line, UTC, safe for any byte a client can send, no secrets.

Messages are constants; what varies goes into fields (`extra=`). Of an exception only the type and
the place are kept: its text may quote the value that a client sent.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import TextIO

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


def log_to(stream: TextIO, instance: str, level: str) -> None:
    """Send every logger's records of `level` and above to `stream`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(instance))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)


def log_to_stderr(instance: str, level: str) -> None:
    """What a running instance does."""
    log_to(sys.stderr, instance, level)
