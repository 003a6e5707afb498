"""Every attempt is counted once, whatever happens to it."""

import asyncio

import pytest
from aiohttp import web

from authsvc.api.attempts import attempt, outcome
from authsvc.api.problems import Code, ProblemError
from authsvc.hashing.admission import Reason
from authsvc.hashing.queue import HashRejectedError
from authsvc.metrics import Flow, Metrics, Outcome, SqlstateClass
from authsvc.settings import Profile
from authsvc.store.database import DatabaseUnavailableError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (HashRejectedError(Reason.QUEUE_FULL, 1), Outcome.SHED),
        (HashRejectedError(Reason.DEADLINE, 1), Outcome.EXPIRED),
        (HashRejectedError(Reason.CLIENT_GONE, 1), Outcome.EXPIRED),
        (DatabaseUnavailableError(SqlstateClass.TIMEOUT), Outcome.DB_ERROR),
        (ProblemError(Code.INVALID_CREDENTIALS), Outcome.BAD_CREDENTIALS),
        (ProblemError(Code.TOO_MANY_ATTEMPTS), Outcome.THROTTLED),
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
    metrics, ticks = Metrics(Profile.LAB, 4), iter([10.0, 10.5])
    sample = metrics.registry.get_sample_value
    succeeded = {"flow": "login", "outcome": "success"}
    with attempt(Flow.LOGIN, metrics.attempts, lambda: next(ticks)) as arrived:
        assert arrived == 10.0
        assert sample("auth_attempts_submitted_total", {"flow": "login"}) == 1
        assert sample("auth_attempts_total", succeeded) == 0
    assert sample("auth_attempts_total", succeeded) == 1
    assert sample("auth_attempt_duration_seconds_sum", succeeded) == pytest.approx(0.5)
