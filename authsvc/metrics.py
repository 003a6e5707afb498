"""Every metric of the service, declared once: name, help, labels, and all the labels' values.

All series exist at zero from the start, so that `rate()` sees a first failure. Labels come from the
closed sets here and never from a request. Counters are per instance; sum them in the query.
"""

from collections.abc import Callable, Mapping
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

from authsvc.hashing.admission import Admission, Reason
from authsvc.hashing.passwords import SCHEME, Unusable
from authsvc.settings import HIGHEST_BCRYPT_COST, LOWEST_BCRYPT_COST, Profile, Switch
from authsvc.throttling import Scope

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
WAITS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1)
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 5, 7.5, 10, 30)


class Flow(StrEnum):
    """What an attempt wanted."""

    LOGIN = "login"
    REGISTER = "register"
    REFRESH = "refresh"
    CHANGE = "change"  # of one's own password
    RESET_REQUEST = "reset_request"
    RESET = "reset"  # the end of it: a new password for a token


class Outcome(StrEnum):
    """How an attempt ended. An unknown user and a wrong password are one value on purpose."""

    SUCCESS = "success"
    BAD_CREDENTIALS = "bad_credentials"
    INVALID = "invalid"  # malformed, its name is taken, or a reset has to come first
    THROTTLED = "throttled"  # too many attempts before it; its password was not looked at
    SHED = "shed"  # the hash queue was full
    EXPIRED = "expired"  # deadline passed or client gone before its hash began
    DB_ERROR = "db_error"
    INTERNAL = "internal"


class HashOp(StrEnum):
    """What a hash was for; `dummy` stands in for an account that does not exist."""

    VERIFY = "verify"
    CREATE = "create"
    REHASH = "rehash"  # a password that is known to be right, anew under the current policy
    DUMMY = "dummy"

    @property
    def creates(self) -> bool:
        """Whether it is paid from the budget of passwords that are made."""
        return self in (HashOp.CREATE, HashOp.REHASH)


class EndReason(StrEnum):
    """Why a session ended before its time; what only ran out is in no statement and not counted."""

    LOGOUT = "logout"
    REVOKED = "revoked"  # by its owner from another session, or by RFC 7009
    REUSE = "reuse"  # an old refresh token came back
    PASSWORD_CHANGE = "password_change"  # noqa: S105 # a reason
    PASSWORD_RESET = "password_reset"  # noqa: S105 # a reason
    ADMIN = "admin"
    DISABLED = "disabled"  # its user was


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


class AttemptMetrics:
    """Logins and registrations: how many, how they ended, how long they took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.submitted = Counter(
            "auth_attempts_submitted_total",
            "Attempts that arrived, counted before anything is done for them.",
            ["flow"],
            registry=registry,
        )
        self.ended = Counter(
            "auth_attempts_total",
            "Attempts that ended, by outcome; success includes abandoned work that was finished.",
            ["flow", "outcome"],
            registry=registry,
        )
        self.seconds = Histogram(
            "auth_attempt_duration_seconds",
            "From an attempt's arrival to its end, in seconds.",
            ["flow", "outcome"],
            buckets=SECONDS,
            registry=registry,
        )
        for flow in Flow:
            self.submitted.labels(flow)
            for outcome in Outcome:
                self.ended.labels(flow, outcome)
                self.seconds.labels(flow, outcome)


class HashMetrics:
    """The hash queue: what waits, what is done, what is not."""

    def __init__(self, registry: CollectorRegistry, cost: int) -> None:
        self._cost = cost
        self.depth = _gauge("auth_hash_queue_depth", "Hash jobs that wait for a slot.", registry)
        self.limit = _gauge(
            "auth_hash_queue_limit", "Hash jobs that may wait; +Inf is no bound.", registry
        )
        self.in_progress = _gauge(
            "auth_hash_in_progress", "Hash slots that are held now.", registry
        )
        self.capacity = _gauge(
            "auth_hash_capacity_per_second", "Hashes a second with every slot busy.", registry
        )
        self.wait = Histogram(
            "auth_hash_wait_seconds",
            "From a hash job's arrival to the start of its slot, in seconds.",
            buckets=SECONDS,
            registry=registry,
        )
        self._seconds = Histogram(
            "auth_hash_seconds",
            "How long a hash held its slot, in seconds; emulated capacity included.",
            ["op", "cost"],
            buckets=SECONDS,
            registry=registry,
        )
        self.rejected = Counter(
            "auth_hash_rejected_total", "Hash jobs not done.", ["reason"], registry=registry
        )
        for reason in Reason:
            self.rejected.labels(reason)
        for op in HashOp:
            self._seconds.labels(op, cost)

    def held(self, op: HashOp, seconds: float) -> None:
        """Observe one hash."""
        self._seconds.labels(op, self._cost).observe(seconds)

    def tell(self, admission: Admission, depth: Callable[[], float]) -> None:
        """State the queue's rules; `depth` is read at each scrape."""
        self.depth.set_function(depth)
        self.limit.set(admission.limit)
        self.capacity.set(admission.capacity_per_second)


class SessionMetrics:
    """How sessions end, and what was noticed of stolen tokens."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.ended = Counter(
            "auth_sessions_ended_total",
            "Sessions that were ended, by reason.",
            ["reason"],
            registry=registry,
        )
        self.reuse = Counter(
            "auth_token_reuse_total",
            "Old refresh tokens that came back and ended a session: each a theft or a broken "
            "client.",
            registry=registry,
        )
        for reason in EndReason:
            self.ended.labels(reason)


class PasswordMetrics:
    """Stored hashes: renewed, not yet renewed, and of no use."""

    def __init__(self, registry: CollectorRegistry, cost: int) -> None:
        self._to = f"{SCHEME}/{cost}"
        self._renewed = Counter(
            "auth_password_rehash_total",
            "Hashes renewed at login; from and to are equal if only the pepper changed.",
            ["from", "to"],
            registry=registry,
        )
        self.postponed = Counter(
            "auth_password_rehash_postponed_total",
            "Hashes left for a later login, since this one's time was not to be spared.",
            registry=registry,
        )
        self.unusable = Counter(
            "auth_password_hash_unusable_total",
            "Logins refused because the account's stored hash cannot be checked.",
            ["reason"],
            registry=registry,
        )
        for below in range(LOWEST_BCRYPT_COST, HIGHEST_BCRYPT_COST + 1):
            self._renewed.labels(f"{SCHEME}/{below}", self._to)
        for reason in Unusable:
            self.unusable.labels(reason)

    def renewed(self, cost: int) -> None:
        """Count one that had this cost."""
        self._renewed.labels(f"{SCHEME}/{cost}", self._to).inc()


class ThrottleMetrics:
    """Who has tried too often."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.blocks = Counter(
            "auth_throttle_blocks_total",
            "Blocks that began because too many attempts failed, by what they were counted over.",
            ["scope"],
            registry=registry,
        )
        for scope in Scope:
            self.blocks.labels(scope)


class PoolMetrics:
    """The database's connections, as this instance holds them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._size = _gauge("auth_db_pool_size", "Connections that are open.", registry)
        self._idle = _gauge("auth_db_pool_idle", "Open connections that nobody uses.", registry)
        self.waiting = _gauge(
            "auth_db_pool_waiting", "Statements that wait for a connection now.", registry
        )
        self.acquire_seconds = Histogram(
            "auth_db_acquire_seconds",
            "How long a statement waited for a connection, or until it gave up.",
            buckets=WAITS,
            registry=registry,
        )

    def tell(self, size: Callable[[], float], idle: Callable[[], float]) -> None:
        """Both are read at each scrape."""
        self._size.set_function(size)
        self._idle.set_function(idle)


class AdminAction(StrEnum):
    """What an operator did."""

    CREATE = "create"
    DISABLE = "disable"
    ENABLE = "enable"
    UNLOCK = "unlock"
    RESET = "reset"
    END_SESSIONS = "end_sessions"


class AdminMetrics:
    """The operators' listener."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.actions = Counter(
            "auth_admin_actions_total",
            "Deeds of operators that were done; the audit says whose.",
            ["action"],
            registry=registry,
        )
        self.refused = Counter(
            "auth_admin_refused_total",
            "Requests to the operators' listener without a token that opens it.",
            registry=registry,
        )
        for action in AdminAction:
            self.actions.labels(action)


class Metrics:
    """One instance's metrics, with a registry of their own; every series is there from now on."""

    def __init__(
        self,
        profile: Profile,
        bcrypt_cost: int,
        deployed: str = "",
        switches: Mapping[Switch, float] | None = None,
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        self.registry = CollectorRegistry()
        self.attempts = AttemptMetrics(self.registry)
        self.hashing = HashMetrics(self.registry, bcrypt_cost)
        self.sessions = SessionMetrics(self.registry)
        self.passwords = PasswordMetrics(self.registry, bcrypt_cost)
        self.throttling = ThrottleMetrics(self.registry)
        self.pool = PoolMetrics(self.registry)
        self.admin = AdminMetrics(self.registry)
        self.db_errors = Counter(
            "auth_db_errors_total",
            "Statements that the database did not do, by class of SQLSTATE or local cause.",
            ["sqlstate_class"],
            registry=self.registry,
        )
        self.loop_lag = _gauge(
            "auth_event_loop_lag_seconds",
            "The latest that a timer of the event loop fired within the last second.",
            self.registry,
        )
        build = Gauge(
            "auth_build_info",
            "Always 1; the labels tell the release and how it is run.",
            ["version", "release", "profile", "bcrypt_cost"],
            registry=self.registry,
        )
        build.labels(release(), deployed or release(), profile, bcrypt_cost).set(1)
        on = Gauge(
            "auth_lab_switch",
            "What only a lab does: the switch's value (a share, a factor, a cost, or 1); 0 is off.",
            ["switch"],
            registry=self.registry,
        )
        for switch in Switch:
            on.labels(switch).set((switches or {}).get(switch, 0))
        for sqlstate_class in SqlstateClass:
            self.db_errors.labels(sqlstate_class)

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)


def _gauge(name: str, told: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(name, told, registry=registry)


def release() -> str:
    """The installed release, or `unreleased` when run from a checkout that nobody installed."""
    try:
        return version("evenhand")
    except PackageNotFoundError:
        return "unreleased"
