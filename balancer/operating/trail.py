"""The audit trail seen from outside: fetched, or read from a file, and its chain verified."""

import json
from pathlib import Path
from typing import Any

from balancer.admin.audit import START, AuditError, verify
from balancer.operating.client import AdminClient, Unusable

LIVE = "live"
"""Instead of a file's name: the trail of the running balancer."""


class Broken(Exception):
    """An entry was altered, taken out or added; says which."""


PAGE = 500
"""Entries that are asked for at once: each has the shares of all endpoints."""


def live_entries(client: AdminClient, last: int | None = None) -> list[dict[str, Any]]:
    """The running balancer's entries, or the last so many. Raises Refused, Unusable."""
    entries: list[dict[str, Any]] = []
    before = ""
    while last is None or len(entries) < last:
        limit = PAGE if last is None else min(PAGE, last - len(entries))
        page = client.get(f"/audit?limit={limit}{before}").document
        entries = page["entries"] + entries
        if page.get("before") is None:
            break
        before = f"&before={page['before']}"
    return entries


def verified(client: AdminClient, source: str) -> dict[str, Any]:
    """How many entries there are, and the last one's hash, if the chain is whole.

    That hash stands for all of them: who keeps it elsewhere sees a trail that was written anew,
    or whose end was cut off, which no chain shows by itself. Raises Broken, Refused, Unusable.
    """
    if source == LIVE:
        return head(live_entries(client), client.url)
    try:
        lines = Path(source).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise Unusable(f"{source}: {reason.lower()}") from error
    return _head(lines, source)


def head(entries: list[dict[str, Any]], source: str) -> dict[str, Any]:
    """The same for entries. Raises Broken."""
    return _head([json.dumps(one) for one in entries], source)


def _head(lines: list[str], source: str) -> dict[str, Any]:
    try:
        entries = verify(lines, source)
    except AuditError as error:
        raise Broken(str(error)) from error
    last = entries[-1]["hash"] if entries else START
    return {"source": source, "entries": len(entries), "head": last}
