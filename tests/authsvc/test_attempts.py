"""Every attempt is counted once, whatever happens to it."""

import asyncio

import pytest
from aiohttp import web

from authsvc.admission import Reason
from authsvc.attempts import attempt, outcome
from authsvc.database import DatabaseUnavailableError
from authsvc.hash_queue import HashRejectedError
from authsvc.metrics import Flow, Metrics, Outcome, SqlstateClass
from authsvc.problems import Code, ProblemError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (HashRejectedError(Reason.QUEUE_FULL, 1), Outcome.SHED),
        (HashRejectedError(Reason.DEADLINE, 1), Outcome.EXPIRED),
        (HashRejectedError(Reason.CLIENT_GONE, 1), Outcome.EXPIRED),
        (DatabaseUnavailableError(SqlstateClass.TIMEOUT), Outcome.DB_ERROR),
        (ProblemError(Code.INVALID_CREDENTIALS), Outcome.BAD_CREDENTIALS),
        (ProblemError(Code.LOGIN_TAKEN), Outcome.INVALID),
        (web.HTTPRequestEntityTooLarge(1, 2), Outcome.INVALID),
        (ConnectionResetError(), Outcome.EXPIRED),
        (asyncio.CancelledError(), Outcome.EXPIRED),
        (ZeroDivisionError(), Outcome.INTERNAL),
    ],
)
def test_each_end_has_its_outcome(error: BaseException, expected: Outcome) -> None:
    """A bad password is kept apart from a failing system."""
    assert outcome(error) is expected


def test_an_attempt_is_counted_when_it_arrives_and_when_it_ends() -> None:
    """Submitted is the sum over outcomes as soon as nothing is under way."""
    metrics, ticks = Metrics(), iter([10.0, 10.5])
    with attempt(Flow.LOGIN, metrics, lambda: next(ticks)) as arrived:
        assert arrived == 10.0
        assert metrics.registry.get_sample_value("auth_attempts_submitted_total", {"flow": "login"})
        assert b"auth_attempts_total{" not in metrics.exposition()
    labels = {"flow": "login", "outcome": "success"}
    assert metrics.registry.get_sample_value("auth_attempts_total", labels) == 1
    took = metrics.registry.get_sample_value("auth_attempt_duration_seconds_sum", labels)
    assert took == pytest.approx(0.5)
