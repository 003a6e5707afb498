"""The life of a configuration change: parse, open, build, record, then one assignment.

Whatever goes wrong before the assignment changes nothing, and is recorded as refused.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from balancer import config as configuration
from balancer.admin.audit import AuditTrail, utc_now
from balancer.config import Config
from balancer.net.opened import CannotOpen
from balancer.source import ConfigError, Problem
from balancer.table import Table, build, diff


class Stale(Exception):
    """The change was meant for another configuration than the one that runs."""

    def __init__(self, running: str) -> None:
        super().__init__(
            f"the running configuration is {running}; read it again and redo the change"
        )
        self.running = running


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes the configuration (a token's name, or `operator` of the process), and how."""

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a change did."""

    hash: str
    previous: str
    changed: bool
    diff: list[str]
    warnings: list[str]
    expected_shares: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do."""

    hash: str
    running: str
    diff: list[str]
    warnings: list[str]
    expected_shares: dict[str, dict[str, dict[str, float]]]
    """`before` and `after`, each by pool and endpoint."""


@dataclass(slots=True)
class Reloads:
    """How changes went, for the metrics."""

    applied: int = 0
    unchanged: int = 0
    refused: int = 0
    last_successful: bool = True
    last_success: datetime = field(default_factory=utc_now)


class Prepared:
    """What a configuration needs besides its table, open and not yet in use; this needs nothing."""

    def commit(self) -> None:
        """Use it from now on. Cannot fail: the change is on record."""

    def discard(self) -> None:
        """Let go of it: the change was refused after all."""


class Changes:
    """Applies configurations to a running balancer, and remembers what was done."""

    def __init__(
        self,
        table: Table,
        apply: Callable[[Table], None],
        audit: AuditTrail,
        rng: Random,
        prepare: Callable[[Config], Prepared] = lambda config: Prepared(),
    ) -> None:
        """`prepare` opens what a configuration names (certificates, files); raises CannotOpen."""
        self.table = table
        self._prepare = prepare
        self.audit = audit
        self.reloads = Reloads()
        self._apply = apply
        self._rng = rng
        self._record(Author("operator", "start"), None, table, [], "applied")

    def preview(self, text: str, source: str) -> Preview:
        """Say what a configuration text would do; opens, applies and records nothing.

        Raises `ConfigError` if it is not a usable configuration. What it names (a certificate, an
        access log) is opened by `put` alone, which may refuse it yet.
        """
        config = configuration.parse(text, source)
        self._check_listeners(config, source)
        # Not from the running table: a new pool takes over the queue and the state of its
        # predecessor. Any dice do, since nothing will be picked.
        new = build(config, text, Random(0))  # noqa: S311 # balancing needs no secret dice
        return Preview(
            hash=new.hash,
            running=self.table.hash,
            diff=diff(self.table.config, config),
            warnings=configuration.warnings(config),
            expected_shares={
                "before": self.table.expected_shares(),
                "after": new.expected_shares(),
            },
        )

    def check_match(self, if_match: str | None) -> None:
        """Raise `Stale` if somebody means another configuration than the one that runs."""
        if if_match is not None and if_match != self.table.hash:
            raise Stale(self.table.hash)

    def note(self, author: Author, **what: str | float) -> None:
        """Record something that is done to the running state and changes no configuration.

        Call it first: raises `AuditError` if it could not be recorded, and then it must not happen.
        """
        self.audit.append(
            actor=author.name,
            source=author.source,
            **{"from": self.table.hash, "to": self.table.hash},
            diff=[],
            outcome="done",
            **what,
        )

    def put(self, text: str, source: str, author: Author, if_match: str | None = None) -> Change:
        """Apply a configuration text.

        Raises `ConfigError` if it is not a usable configuration, `Stale` if `if_match` is not the
        hash that runs, `AuditError` if the change could not be recorded. Nothing is applied then.
        """
        try:
            self.check_match(if_match)
            return self._put(text, source, author)
        except ConfigError as error:
            self.reloads.refused += 1
            self.reloads.last_successful = False
            self.audit.append(
                actor=author.name,
                source=author.source,
                **{"from": self.table.hash, "to": None},
                outcome="refused",
                reason=error.lines(),
            )
            raise

    def _put(self, text: str, source: str, author: Author) -> Change:
        config = configuration.parse(text, source)
        self._check_listeners(config, source)
        try:
            prepared = self._prepare(config)
        except CannotOpen as error:
            raise ConfigError(source, [Problem(1, 1, error.field, error.reason)]) from error
        old = self.table
        try:
            new = build(config, text, self._rng, old)
            changes = diff(old.config, config)
            outcome = "applied" if new.hash != old.hash else "unchanged"
            self._record(author, old, new, changes, outcome)
        except BaseException:
            prepared.discard()
            raise
        prepared.commit()
        if outcome == "applied":
            self._apply(new)
            self.table = new
            self.reloads.applied += 1
            self.reloads.last_success = utc_now()
        else:
            self.reloads.unchanged += 1
        self.reloads.last_successful = True
        return Change(
            hash=new.hash,
            previous=old.hash,
            changed=outcome == "applied",
            diff=changes,
            warnings=configuration.warnings(config),
            expected_shares=new.expected_shares(),
        )

    def _record(
        self, author: Author, old: Table | None, new: Table, changes: list[str], outcome: str
    ) -> None:
        self.audit.append(
            actor=author.name,
            source=author.source,
            **{"from": old.hash if old else None, "to": new.hash},
            diff=changes,
            warnings=configuration.warnings(new.config),
            expected_shares=new.expected_shares(),
            outcome=outcome,
        )

    def _check_listeners(self, config: Config, source: str) -> None:
        """Sockets are opened once: a change of address is refused, not half applied."""
        running = self.table.config
        problems = []
        if config.listen != running.listen:
            problems.append(self._fixed("listen", str(running.listen)))
        for name in ("tls", "proxy_protocol"):
            there, wanted = bool(getattr(running, name)), bool(getattr(config, name))
            if there != wanted:
                problems.append(self._fixed(name, "on" if there else "off"))
        if (config.admin and config.admin.listen) != (running.admin and running.admin.listen):
            where = str(running.admin.listen) if running.admin else "not there"
            problems.append(self._fixed("admin.listen", where))
        if problems:
            raise ConfigError(source, problems)

    @staticmethod
    def _fixed(name: str, running: str) -> Problem:
        message = f"is {running} while this balancer runs; restart it to change that"
        return Problem(1, 1, name, message)
