"""The audit trail as it is fetched: page by page."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from balancer.admin.audit import AuditTrail
from balancer.operating import trail
from balancer.operating.client import AdminClient, Answer


class Listener(AdminClient):
    """An admin listener with a trail of so many entries."""

    def __init__(self, entries: int) -> None:
        super().__init__("http://127.0.0.1:8081", "")
        self.asked: list[dict[str, int]] = []
        self.audit = AuditTrail(None)
        for _ in range(entries):
            self.audit.append(actor="alice")

    def get(self, path: str) -> Answer:
        """GET /audit, as balancer/admin/api.py answers it."""
        query = {name: int(value) for name, value in parse_qsl(urlsplit(path).query)}
        self.asked.append(query)
        entries = self.audit.page(query["limit"], query.get("before"))
        before = entries[0]["seq"] if entries and entries[0]["seq"] > 1 else None
        document: dict[str, Any] = {"entries": entries, "before": before}
        return Answer(json.dumps(document), "")


@pytest.mark.parametrize(
    ("last", "first", "pages"), [(None, 1, 3), (3, 1201, 1), (500, 704, 1), (501, 703, 2)]
)
def test_it_fetches_no_more_than_it_needs(last: int | None, first: int, pages: int) -> None:
    """All of the trail, or the last entries, in their order."""
    listener = Listener(1203)

    entries = trail.live_entries(listener, last)

    assert [entry["seq"] for entry in entries] == list(range(first, 1204))
    assert len(listener.asked) == pages


def test_an_empty_trail_has_no_entries() -> None:
    """Nothing is asked for twice."""
    listener = Listener(0)

    assert trail.live_entries(listener) == []
    assert len(listener.asked) == 1
