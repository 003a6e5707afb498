"""Which deadline has passed, each at its edge."""

from dataclasses import dataclass

import pytest

from balancer.config import Timeouts
from balancer.core.deadlines import Overdue, overdue

T = Timeouts(body=5, answer=10, between=20, exchange=100, tunnel=200)


@dataclass
class Stamps:
    """How far an exchange has come that began at 1000."""

    begun: float = 1000.0
    request_whole: float = 0.0
    answered: bool = False
    moved: float = 0.0
    tunnelled: bool = False


@pytest.mark.parametrize(
    ("stamps", "at", "expected"),
    [
        (Stamps(), 1005, "body"),
        (Stamps(request_whole=1004), 1014, "answer"),
        (Stamps(request_whole=1004, answered=True, moved=1010), 1030, "between"),
        (Stamps(answered=True, moved=1003), 1023, "between"),
        (Stamps(request_whole=1004, answered=True, moved=1099), 1100, "exchange"),
        (Stamps(request_whole=1004, answered=True, moved=2000, tunnelled=True), 2200, "tunnel"),
    ],
)
def test_each_deadline_passes_just_after_its_edge(
    stamps: Stamps, at: float, expected: Overdue
) -> None:
    """At the edge there is still time; a moment later there is none."""
    assert overdue(stamps, at, T) is None
    assert overdue(stamps, at + 0.01, T) == expected
