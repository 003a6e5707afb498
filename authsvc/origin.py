"""Where a request comes from, as its audit event keeps it."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

Source = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked for a change, and through what; `values` stand first in every statement."""

    request_id: str
    instance: str
    trace_id: str | None = None
    source: Source | None = None
    """The client's address; not a balancer's. None for what the service does by itself."""
    actor: str | None = None
    """The operator or program that acts for another; None for users who act for themselves."""
    user_agent: str | None = None

    @property
    def values(self) -> tuple[str, str | None, Source | None, str | None, str]:
        """$1 to $5 of a statement that changes something: see `store.audit.audited`."""
        return self.request_id, self.trace_id, self.source, self.actor, self.instance
