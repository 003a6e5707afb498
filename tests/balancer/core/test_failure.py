"""Failures: whose fault, and what the client is told."""

from balancer.core import failure
from balancer.core.failure import OUTCOMES, Failure


def test_each_failure_has_a_status_for_the_client() -> None:
    """Every failure that can be given names an outcome with a 5xx status."""
    failures = [one for one in vars(failure).values() if isinstance(one, Failure)]

    assert len(failures) >= 6
    assert all(500 <= one.status <= 599 and one.outcome in OUTCOMES for one in failures)
