"""Counting attempts: each is submitted once and ends in one outcome, whatever happens to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from authsvc import spent
from authsvc.api.problems import Code, ProblemError
from authsvc.api.web import as_problem
from authsvc.hashing.admission import Reason
from authsvc.hashing.queue import HashRejectedError
from authsvc.metrics import AttemptMetrics, Flow, Outcome
from authsvc.store.database import DatabaseUnavailableError

_NOT_THE_OWNER = (
    Code.INVALID_CREDENTIALS,
    Code.INVALID_TOKEN,
    Code.WRONG_PASSWORD,
    Code.INVALID_RESET_TOKEN,
)


def outcome(error: BaseException) -> Outcome:
    """Which outcome an attempt has that ended with this."""
    match error:
        case HashRejectedError(reason=Reason.QUEUE_FULL | Reason.CREATE_BUDGET):
            return Outcome.SHED
        case HashRejectedError() | ConnectionError():
            return Outcome.EXPIRED
        case DatabaseUnavailableError():
            return Outcome.DB_ERROR
        case ProblemError(code=code) if code in _NOT_THE_OWNER:
            return Outcome.BAD_CREDENTIALS
        case ProblemError(code=Code.TOO_MANY_ATTEMPTS):
            return Outcome.THROTTLED
        case Exception() if as_problem(error).code.status < 500:
            return Outcome.INVALID
        case Exception():
            return Outcome.INTERNAL
        case _:
            return Outcome.EXPIRED  # cancelled: the process leaves


@contextmanager
def attempt(flow: Flow, metrics: AttemptMetrics, clock: Callable[[], float]) -> Iterator[float]:
    """Count one attempt; gives the time of its arrival."""
    metrics.submitted.labels(flow).inc()
    arrived = clock()
    ended = Outcome.SUCCESS
    try:
        yield arrived
    except BaseException as error:
        ended = outcome(error)
        raise
    finally:
        spent.now().ended(flow, ended)
        metrics.ended.labels(flow, ended).inc()
        metrics.seconds.labels(flow, ended).observe(clock() - arrived)
