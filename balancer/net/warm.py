"""Warm connections: kept open to endpoints, the last one used is the first taken."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from balancer.net.endpoint import EndpointConnection
    from balancer.net.proxy import Proxy

MOST_PER_ENDPOINT = 256
"""More than any lab endpoint serves at once; beyond it a burst's connections are closed again."""


class WarmConnections:
    """A stack of idle connections for each endpoint's address."""

    def __init__(self, proxy: "Proxy") -> None:
        self._proxy = proxy
        self._stacks: dict[str, list[EndpointConnection]] = {}

    def take(self, address: str) -> "EndpointConnection | None":
        """A connection that is ready for a request, or None."""
        stack = self._stacks.get(address)
        while stack:
            connection = stack.pop()
            if not connection.transport.is_closing():
                return connection
        return None

    def put(self, connection: "EndpointConnection", now: float) -> None:
        """Keep a connection, idle from now on; close one that is too many or unwanted."""
        stack = self._stacks.get(connection.address)
        if stack is None:
            stack = self._stacks[connection.address] = []
        if connection.address not in self._proxy.wanted or len(stack) >= MOST_PER_ENDPOINT:
            connection.transport.close()
            return
        connection.idle_since = now
        stack.append(connection)

    def drop(self, connection: "EndpointConnection") -> None:
        """Forget a connection that was lost."""
        stack = self._stacks.get(connection.address)
        if stack and connection in stack:
            stack.remove(connection)

    def sweep(self, idle_before: float) -> None:
        """Close what was last used before a moment, and what leads to an address nobody wants."""
        for connection in list(self._all()):
            if connection.idle_since < idle_before or connection.address not in self._proxy.wanted:
                connection.transport.close()

    def close(self) -> None:
        """Close all."""
        for connection in list(self._all()):
            connection.transport.close()

    def _all(self) -> "Iterator[EndpointConnection]":
        for stack in self._stacks.values():
            yield from stack
