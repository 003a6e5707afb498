"""Which deadline comes next, stage by stage."""

from dataclasses import dataclass

import pytest

from balancer.config import Timeouts
from balancer.core.deadlines import Deadline, deadline

T = Timeouts(connect=2, body=5, answer=10, between=20, exchange=100, tunnel=200)


@dataclass
class Stamps:
    """How far an exchange has come that began at 1000."""

    begun: float = 1000.0
    until: float = 0.0
    dialled: float = 0.0
    sent: float = 0.0
    request_whole: float = 0.0
    answered: bool = False
    moved: float = 0.0
    tunnelled: bool = False


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        (Stamps(until=1002), (1002, "queue")),
        (Stamps(dialled=1003), (1005, "connect")),
        (Stamps(dialled=1003, request_whole=1003), (1005, "connect")),
        (Stamps(sent=1000), (1005, "body")),
        (Stamps(sent=1000, request_whole=1004), (1014, "answer")),
        (Stamps(dialled=1004, sent=1006, request_whole=1004), (1016, "answer")),
        (Stamps(sent=1000, request_whole=1004, answered=True, moved=1010), (1030, "between")),
        (Stamps(sent=1000, answered=True, moved=1003), (1023, "between")),
        (Stamps(sent=1000, request_whole=1004, answered=True, moved=1099), (1100, "exchange")),
        (Stamps(dialled=1099), (1100, "exchange")),
        (Stamps(request_whole=1004, answered=True, moved=2000, tunnelled=True), (2200, "tunnel")),
    ],
)
def test_the_next_deadline_is_that_of_the_stage_or_of_the_whole(
    stamps: Stamps, expected: tuple[float, Deadline]
) -> None:
    """An exchange waits for one thing at a time, and for all of them no longer than the whole."""
    assert deadline(stamps, T) == expected
