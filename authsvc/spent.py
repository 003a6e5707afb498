"""Where one request's time goes, for its line in the log: added up on the way, never a label."""

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from authsvc.metrics import Flow, Outcome


class Event(StrEnum):
    """What a log line tells of, in the words of the audit (OWASP Logging Vocabulary)."""

    LOGIN_SUCCESS = "authn_login_success"
    LOGIN_FAIL = "authn_login_fail"
    USER_CREATED = "user_created"


EVENTS = {
    (Flow.LOGIN, Outcome.SUCCESS): Event.LOGIN_SUCCESS,
    (Flow.LOGIN, Outcome.BAD_CREDENTIALS): Event.LOGIN_FAIL,
    (Flow.REGISTER, Outcome.SUCCESS): Event.USER_CREATED,
}


@dataclass(slots=True, eq=False)
class Spent:
    """Seconds by what they were spent on; None is not known, or nothing of it was done."""

    queue: float | None = None
    hash: float | None = None
    db: float | None = None
    flow: Flow | None = None
    outcome: Outcome | None = None

    def on_database(self, seconds: float) -> None:
        """One statement more, the wait for its connection included."""
        self.db = (self.db or 0.0) + seconds

    def ended(self, flow: Flow, outcome: Outcome) -> None:
        """It was an attempt, and ended so."""
        self.flow, self.outcome = flow, outcome

    def fields(self) -> dict[str, Any]:
        """What a log line says of it: milliseconds, and only what is known."""
        times = {"queue_ms": self.queue, "hash_ms": self.hash, "db_ms": self.db}
        told: dict[str, Any] = {
            name: round(seconds * 1000, 1) for name, seconds in times.items() if seconds is not None
        }
        if self.flow is not None and self.outcome is not None:
            told |= {"flow": self.flow, "outcome": self.outcome}
            if event := EVENTS.get((self.flow, self.outcome)):
                told["event"] = event
        return told


_of_request: ContextVar[Spent] = ContextVar("spent")


def begin() -> Spent:
    """A new account for the request that this task now answers."""
    spent = Spent()
    _of_request.set(spent)
    return spent


def now() -> Spent:
    """The account of the request that is being answered; one that nobody reads outside of any."""
    return _of_request.get(None) or Spent()
