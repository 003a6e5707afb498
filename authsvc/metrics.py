"""Every metric of the service, declared once: name, help, labels, and all the labels' values.

All series exist at zero from the start, so that `rate()` sees a first failure. Labels come from the
closed sets here and never from a request. Counters are per instance; sum them in the query.
"""

from collections.abc import Callable
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from authsvc.admission import Admission, Reason
from authsvc.settings import Settings

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 5, 7.5, 10, 30)


class Flow(StrEnum):
    """What an attempt wanted."""

    LOGIN = "login"
    REGISTER = "register"


class Outcome(StrEnum):
    """How an attempt ended. An unknown user and a wrong password are one value on purpose."""

    SUCCESS = "success"
    BAD_CREDENTIALS = "bad_credentials"
    INVALID = "invalid"  # the request was malformed, or its name is taken
    SHED = "shed"  # the hash queue was full
    EXPIRED = "expired"  # deadline passed or client gone before its hash began
    DB_ERROR = "db_error"
    INTERNAL = "internal"


class HashOp(StrEnum):
    """What a hash was for; `dummy` stands in for an account that does not exist."""

    VERIFY = "verify"
    CREATE = "create"
    DUMMY = "dummy"


class SqlstateClass(StrEnum):
    """Why the database did not do as asked: the first two signs of SQLSTATE, or the local cause."""

    CONNECTION = "08"
    TRANSACTION = "25"
    ROLLBACK = "40"
    SCHEMA = "42"
    RESOURCES = "53"
    STATE = "55"
    OPERATOR = "57"
    SYSTEM = "58"
    INTERNAL = "XX"
    TIMEOUT = "timeout"
    OTHER = "other"


class Metrics:
    """One instance's counters, with a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        self.registry = own = CollectorRegistry()
        self.submitted = Counter(
            "auth_attempts_submitted_total",
            "Attempts that arrived, counted before anything is done for them.",
            ["flow"],
            registry=own,
        )
        self.attempts = Counter(
            "auth_attempts_total",
            "Attempts that ended, by outcome; success includes abandoned work that was finished.",
            ["flow", "outcome"],
            registry=own,
        )
        self.attempt_seconds = Histogram(
            "auth_attempt_duration_seconds",
            "From an attempt's arrival to its end, in seconds.",
            ["flow", "outcome"],
            buckets=SECONDS,
            registry=own,
        )
        self.queue_depth = Gauge(
            "auth_hash_queue_depth", "Hash jobs that wait for a slot.", registry=own
        )
        self.queue_limit = Gauge(
            "auth_hash_queue_limit", "Hash jobs that may wait; +Inf is no bound.", registry=own
        )
        self.in_progress = Gauge(
            "auth_hash_in_progress", "Hash slots that are held now.", registry=own
        )
        self.hash_wait = Histogram(
            "auth_hash_wait_seconds",
            "From a hash job's arrival to the start of its slot, in seconds.",
            buckets=SECONDS,
            registry=own,
        )
        self.hash_seconds = Histogram(
            "auth_hash_seconds",
            "How long a hash held its slot, in seconds; emulated capacity included.",
            ["op", "cost"],
            buckets=SECONDS,
            registry=own,
        )
        self.hash_rejected = Counter(
            "auth_hash_rejected_total", "Hash jobs that were not done.", ["reason"], registry=own
        )
        self.capacity = Gauge(
            "auth_hash_capacity_per_second",
            "Hashes a second with every slot busy.",
            registry=own,
        )
        self.db_errors = Counter(
            "auth_db_errors_total",
            "Statements that the database did not do, by class of SQLSTATE or local cause.",
            ["sqlstate_class"],
            registry=own,
        )
        self.loop_lag = Gauge(
            "auth_event_loop_lag_seconds",
            "The latest that a timer of the event loop fired within the last second.",
            registry=own,
        )
        self.build = Gauge(
            "auth_build_info",
            "Always 1; the labels tell the release and how it is run.",
            ["version", "profile", "bcrypt_cost"],
            registry=own,
        )

    def begin_at_zero(
        self, settings: Settings, admission: Admission, depth: Callable[[], float]
    ) -> None:
        """Create every series, and state what this instance is; `depth` is read at each scrape."""
        for flow in Flow:
            self.submitted.labels(flow)
            for outcome in Outcome:
                self.attempts.labels(flow, outcome)
                self.attempt_seconds.labels(flow, outcome)
        for reason in Reason:
            self.hash_rejected.labels(reason)
        for op in HashOp:
            self.hash_seconds.labels(op, settings.bcrypt_cost)
        for sqlstate_class in SqlstateClass:
            self.db_errors.labels(sqlstate_class)
        self.queue_depth.set_function(depth)
        self.queue_limit.set(admission.limit)
        self.capacity.set(admission.capacity_per_second)
        self.build.labels(release(), settings.profile, settings.bcrypt_cost).set(1)

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)


def release() -> str:
    """The installed release, or `unreleased` when run from a checkout that nobody installed."""
    try:
        return version("evenhand")
    except PackageNotFoundError:
        return "unreleased"
