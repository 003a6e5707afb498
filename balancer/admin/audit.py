"""The audit trail of configuration changes: append-only, each entry chained to the one before.

An entry's hash covers its content and the previous entry's hash, so an entry that was altered or
taken out breaks the chain from there on (a hash chain, as RFC 9162's logs in simplest form).
"""

import hashlib
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

START = "0" * 64
"""The hash before the first entry."""


class AuditError(Exception):
    """The trail on disk is not what was written, or cannot be written; says which and where."""


def digest(entry: dict[str, Any]) -> str:
    """The hash of an entry: SHA-256 over its canonical JSON without its own `hash`."""
    content = {key: value for key, value in entry.items() if key != "hash"}
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def verify(lines: list[str], source: str) -> list[dict[str, Any]]:
    """The entries in a trail's lines; raises `AuditError` at the first one that does not fit."""
    entries: list[dict[str, Any]] = []
    previous = START
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            fits = entry["previous"] == previous and digest(entry) == entry["hash"]
        except (ValueError, KeyError, TypeError):
            fits = False
        if not fits:
            raise AuditError(f"{source}:{number}: the chain is broken at this entry")
        previous = entry["hash"]
        entries.append(entry)
    return entries


def utc_now() -> datetime:
    """The time that entries are stamped with."""
    return datetime.now(UTC)


class AuditTrail:
    """Keeps the entries, in a file if it is given one (created readable by its owner only)."""

    def __init__(self, path: Path | None, clock: Callable[[], datetime] = utc_now) -> None:
        """Open a trail, going on where its file ends; raises `AuditError` if that is broken."""
        self._path = path
        self._clock = clock
        self.entries: list[dict[str, Any]] = []
        if path is not None and path.exists():
            self.entries = verify(path.read_text(encoding="utf-8").splitlines(), str(path))

    def append(self, **content: Any) -> dict[str, Any]:
        """Write one entry and return it; raises `AuditError` if it could not be made durable."""
        entry = {
            "seq": len(self.entries) + 1,
            "at": self._clock().isoformat(timespec="milliseconds"),
            **content,
            "previous": self.entries[-1]["hash"] if self.entries else START,
        }
        entry["hash"] = digest(entry)
        if self._path is not None:
            self._write(self._path, json.dumps(entry, sort_keys=True) + "\n")
        self.entries.append(entry)
        return entry

    def page(self, limit: int, before: int | None = None) -> list[dict[str, Any]]:
        """The newest entries, at most `limit`, newest last; those before a sequence number only."""
        end = len(self.entries) if before is None else min(before - 1, len(self.entries))
        return self.entries[max(0, end - limit) : end]

    @staticmethod
    def _write(path: Path, line: str) -> None:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise AuditError(f"{path}: cannot be written: {error.strerror}") from error
