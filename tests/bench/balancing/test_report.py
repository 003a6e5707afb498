"""The page's block and the picture."""

from pathlib import Path

import pytest

from bench.balancing.picture import draw
from bench.balancing.report import doubts, footnotes, summary, table
from tests.bench.balancing.rows import row

ROWS = [
    row("p2c", p99=50), row("p2c (guarded)", p99=55, failing=0.0005),
    row("nginx", ours=False, p99=52),
    row("nginx (non_idempotent)", ours=False, judged=False, p99=20),
]  # fmt: skip
RESULT = {
    "at": "2026-01-01T00:00+00:00", "together": 7, "versions": {"nginx": "1"},
    "load": {"rate": 200, "seconds": 10, "settle": 2, "seed": 1, "patience": 2.0},
    "machine": {"processor": "p", "cores": "2", "memory": "1 GiB", "kernel": "k", "python": "3"},
}  # fmt: skip


def test_the_best_of_each_side_is_bold_and_what_may_log_in_twice_is_marked() -> None:
    """All that are equally good are bold."""
    lines = table("slow", ROWS).splitlines()

    assert lines[0] == "### slow: one endpoint is ten times slower"
    assert [line.count("**") // 2 for line in lines[4:]] == [3, 1, 3, 0]
    assert "nginx (non_idempotent) †" in lines[-1]


def test_the_aim_is_said_per_column_and_for_a_single_row() -> None:
    """The best of many is a favourable choice, so what one row does is told too."""
    text = summary(ROWS)

    assert "Met: 3 of 3." in text
    assert "`p2c` 3" in text
    assert "`p2c (guarded)` 1" in text
    assert summary(ROWS[:2]).startswith("Nothing to compare")


def test_a_busy_machine_is_a_reason_to_doubt_a_row() -> None:
    """Told by name; nothing is said where all went well."""
    assert "do not trust" not in footnotes(ROWS, RESULT)
    (told,) = doubts([row("p2c", lag=25), row("first", lag=12), row("random")])
    assert told.startswith("slow: the benchmark itself was late in sending (p99 up to 25 ms)")
    assert told.endswith("of p2c, first.")


@pytest.mark.parametrize("name", ["balancing.png", "balancing.svg"])
def test_the_picture_is_drawn_in_the_format_of_its_name(tmp_path: Path, name: str) -> None:
    """Into a folder that need not be there; the same octets for the same rows."""
    first, second = tmp_path / "new" / name, tmp_path / name

    draw([*ROWS, row("p2c", condition="cold")], first)
    draw([*ROWS, row("p2c", condition="cold")], second)

    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml")
