"""What an alert rule is."""

from dataclasses import dataclass, field

from monitor.promql import Query, compile_expression


class RuleError(ValueError):
    """A rule file that cannot be used; the message says where, what, and what would do."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One alert: fires when its expression has yielded an element for `for_ms`."""

    name: str
    expression: str
    for_ms: int = 0
    keep_firing_ms: int = 0
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)

    def compiled(self) -> Query:
        """The expression, ready to be evaluated."""
        return compile_expression(self.expression)


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules evaluated together, every `interval_ms` (None: as often as the monitor scrapes)."""

    name: str
    rules: tuple[AlertRule, ...]
    interval_ms: int | None = None
