"""The life of a configuration change."""

from pathlib import Path
from random import Random

import pytest

from balancer.admin.audit import AuditError, AuditTrail
from balancer.admin.change import Author, Changes, Prepared, Stale
from balancer.config import Config
from balancer.source import ConfigError
from balancer.table import Table
from tests.balancer.configs import GOOD, table

ALICE = Author("alice", "api")
HOT = GOOD.replace("weight: 1}", "weight: 16}")


class Balancer:
    """Something that tables are applied to."""

    def __init__(self, audit: AuditTrail | None = None) -> None:
        self.applied: list[Table] = []
        self.audit = audit or AuditTrail(None)
        self.changes = Changes(table(), self.applied.append, self.audit, Random(1))


def test_a_change_is_recorded_then_applied() -> None:
    """Who, from which hash to which, the difference, what it will do, the outcome."""
    balancer = Balancer()
    before = balancer.changes.table.hash

    change = balancer.changes.put(HOT, "config", ALICE, before)

    entry = balancer.audit.entries[-1]
    assert (entry["actor"], entry["source"], entry["outcome"]) == ("alice", "api", "applied")
    assert (entry["from"], entry["to"]) == (before, change.hash)
    assert entry["diff"] == ["pools.auth.endpoints.auth-1.weight: 1 → 16"]
    assert entry["expected_shares"]["auth"]["auth-1"] == pytest.approx(16 / 17)
    assert [one.hash for one in balancer.applied] == [change.hash]
    assert "weight 16" in change.warnings[0]


def test_the_start_is_the_first_entry() -> None:
    """So the trail says what ran before the first change."""
    (entry,) = Balancer().audit.entries

    assert (entry["source"], entry["from"], entry["to"]) == ("start", None, table().hash)


def test_a_wrong_configuration_changes_nothing_and_is_recorded() -> None:
    """The old one runs on, the metric says so, the trail says who tried what."""
    balancer = Balancer()

    with pytest.raises(ConfigError):
        balancer.changes.put(GOOD.replace("round_robin", "fastest"), "config", ALICE)

    assert balancer.applied == []
    assert balancer.changes.reloads.last_successful is False
    assert balancer.audit.entries[-1]["outcome"] == "refused"
    assert "fastest" in balancer.audit.entries[-1]["reason"][0]


def test_after_a_refusal_a_good_change_makes_the_gauge_good_again() -> None:
    """A gauge that sticks at 0 is a known fault of others (ingress-nginx #13818)."""
    balancer = Balancer()
    with pytest.raises(ConfigError):
        balancer.changes.put("", "config", ALICE)

    balancer.changes.put(HOT, "config", ALICE)

    assert balancer.changes.reloads.last_successful is True


def test_a_change_meant_for_another_configuration_is_stale() -> None:
    """Two operators at once: the second must look again."""
    balancer = Balancer()

    with pytest.raises(Stale, match=table().hash):
        balancer.changes.put(HOT, "config", ALICE, "0123456789abcdef")

    assert balancer.applied == []


def test_the_same_text_again_is_no_change() -> None:
    """Recorded as unchanged; nothing is swapped."""
    balancer = Balancer()

    change = balancer.changes.put(GOOD, "config", ALICE)

    assert (change.changed, balancer.applied) == (False, [])
    assert balancer.audit.entries[-1]["outcome"] == "unchanged"


def test_a_preview_says_what_a_change_would_do_and_does_nothing() -> None:
    """Difference, warnings, shares before and after; nothing applied, prepared or recorded."""
    prepared: list[object] = []
    audit = AuditTrail(None)
    applied: list[Table] = []

    def prepare(config: Config) -> Prepared:
        prepared.append(config)
        return Prepared()

    changes = Changes(table(), applied.append, audit, Random(1), prepare)
    preview = changes.preview(HOT, "config")

    assert preview.diff == ["pools.auth.endpoints.auth-1.weight: 1 → 16"]
    assert "weight 16" in preview.warnings[0]
    assert preview.expected_shares["before"]["auth"]["auth-1"] == 0.5
    assert preview.expected_shares["after"]["auth"]["auth-1"] == pytest.approx(16 / 17)
    assert (preview.running, preview.hash) == (table().hash, table(HOT).hash)
    assert (applied, prepared, len(audit.entries)) == ([], [], 1)


def test_a_preview_leaves_the_running_pools_queue_and_health_alone() -> None:
    """A pool that takes over from another changes what both share; a preview must not."""
    limited = GOOD + "    limit: {in_flight: 1, queue: 7}\n    slow_start: 30s\n"
    running = table(limited)
    changes = Changes(running, lambda new: None, AuditTrail(None), Random(1))

    changes.preview(GOOD, "config")

    pool = running.pools["auth"]
    assert pool.waiting is not None
    assert pool.waiting.most == 7
    assert [one.health.since for one in pool.endpoints] == [None] * 3


def test_a_preview_of_a_wrong_configuration_is_refused_and_leaves_no_trace() -> None:
    """Trying is free: neither the trail nor the gauge of the last reload speaks of it."""
    balancer = Balancer()

    with pytest.raises(ConfigError, match="fastest"):
        balancer.changes.preview(GOOD.replace("round_robin", "fastest"), "config")
    with pytest.raises(ConfigError, match=r"listen: is 127.0.0.1:8080.*restart"):
        balancer.changes.preview(GOOD.replace(":8080", ":8090"), "config")

    assert balancer.changes.reloads.last_successful is True
    assert len(balancer.audit.entries) == 1


def test_what_changes_no_configuration_is_noted_under_its_hash() -> None:
    """An ejection: who, what, for how long."""
    balancer = Balancer()

    balancer.changes.note(ALICE, action="eject", pool="auth", endpoint="auth-1", seconds=60.0)

    entry = balancer.audit.entries[-1]
    assert (entry["actor"], entry["action"], entry["seconds"]) == ("alice", "eject", 60.0)
    assert entry["from"] == entry["to"] == table().hash


def test_a_listener_cannot_move_while_it_runs() -> None:
    """Refused whole, rather than applied by half."""
    balancer = Balancer()

    with pytest.raises(ConfigError, match=r"listen: is 127.0.0.1:8080.*restart"):
        balancer.changes.put(GOOD.replace(":8080", ":8090"), "config", ALICE)
    with pytest.raises(ConfigError, match=r"admin.listen: is 127.0.0.1:8081"):
        balancer.changes.put(GOOD.replace("admin:", "#"), "config", ALICE)


def test_a_change_that_cannot_be_recorded_is_not_made(tmp_path: Path) -> None:
    """No trace, no change."""
    path = tmp_path / "audit.jsonl"
    balancer = Balancer(AuditTrail(path))
    path.unlink()
    path.mkdir()

    with pytest.raises(AuditError):
        balancer.changes.put(HOT, "config", ALICE)

    assert balancer.applied == []
    assert balancer.changes.table.hash == table().hash
