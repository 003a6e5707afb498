"""docs/security.md names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()


def test_each_requirement_names_tests_that_there_are() -> None:
    """A row without one says so with a dash."""
    rows = [line for line in PAGE.splitlines() if re.match(r"\| [0-9.]+", line)]
    files = ROOT.joinpath("tests", "authsvc").glob("test_*.py")
    known = set(re.findall(r"def (test_\w+)\(", "\n".join(file.read_text() for file in files)))

    shown = {row: re.findall(r"`(test_\w+)`", row.split(" | ")[-1]) for row in rows}

    assert len(rows) > 40
    assert not {test for tests in shown.values() for test in tests} - known
    assert [row for row, tests in shown.items() if not tests and not row.endswith("| – |")] == []
