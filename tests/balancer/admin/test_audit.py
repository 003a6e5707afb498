"""The audit trail and its chain."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from balancer.admin.audit import AuditError, AuditTrail, verify


def clock() -> datetime:
    """The moment the postmortem begins."""
    return datetime(2023, 11, 10, 14, 30, tzinfo=UTC)


def written(path: Path) -> list[str]:
    """A trail of three entries, as lines."""
    trail = AuditTrail(path, clock)
    for number in range(3):
        trail.append(actor="alice", diff=[f"weight: {number}"])
    return path.read_text().splitlines()


def test_each_entry_is_chained_to_the_one_before(tmp_path: Path) -> None:
    """Sequence, time, content, and the hash of its predecessor."""
    entries = [json.loads(line) for line in written(tmp_path / "audit.jsonl")]

    assert [entry["seq"] for entry in entries] == [1, 2, 3]
    assert entries[0]["at"] == "2023-11-10T14:30:00.000+00:00"
    assert entries[2]["previous"] == entries[1]["hash"]


def test_an_altered_entry_breaks_the_chain(tmp_path: Path) -> None:
    """Whoever rewrites history is found out, at the line."""
    lines = written(tmp_path / "audit.jsonl")
    lines[1] = lines[1].replace("alice", "mallory")

    with pytest.raises(AuditError, match=r"trail:2: the chain is broken"):
        verify(lines, "trail")


def test_a_missing_entry_breaks_the_chain(tmp_path: Path) -> None:
    """Taking one out is found at the next."""
    lines = written(tmp_path / "audit.jsonl")

    with pytest.raises(AuditError, match=r"trail:2"):
        verify([lines[0], lines[2]], "trail")


def test_a_trail_goes_on_where_its_file_ends(tmp_path: Path) -> None:
    """A restart continues the chain; it does not begin a new one."""
    path = tmp_path / "audit.jsonl"
    written(path)

    AuditTrail(path, clock).append(actor="bob")

    assert [entry["seq"] for entry in verify(path.read_text().splitlines(), "trail")] == [
        1,
        2,
        3,
        4,
    ]


@pytest.mark.parametrize(
    ("limit", "before", "expected"),
    [
        (2, None, [4, 5]),
        (2, 4, [2, 3]),
        (2, 2, [1]),
        (2, 1, []),
        (9, None, [1, 2, 3, 4, 5]),
        (2, 100, [4, 5]),
    ],
)
def test_a_page_is_the_newest_entries_before_one(
    limit: int, before: int | None, expected: list[int]
) -> None:
    """Newest last, so that pages put before one another are the trail."""
    trail = AuditTrail(None, clock)
    for _ in range(5):
        trail.append(actor="alice")

    assert [entry["seq"] for entry in trail.page(limit, before)] == expected


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """It names people and addresses."""
    written(tmp_path / "audit.jsonl")

    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o077 == 0


def test_what_cannot_be_written_is_an_error_not_a_gap(tmp_path: Path) -> None:
    """A change that leaves no trace must not happen, so the caller has to hear of it."""
    trail = AuditTrail(tmp_path / "no-such-folder" / "audit.jsonl", clock)

    with pytest.raises(AuditError, match="cannot be written"):
        trail.append(actor="alice")
    assert trail.entries == []
