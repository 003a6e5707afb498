"""What is known of one request while it is served; what is done about it is in `exchange`."""

import asyncio
from typing import TYPE_CHECKING

from balancer.core.endpoint import Endpoint
from balancer.core.pool import Pool

if TYPE_CHECKING:
    from balancer.net.client import ClientConnection
    from balancer.net.endpoint import EndpointConnection
    from balancer.net.proxy import Proxy
    from balancer.net.sticky import Stay


class Progress:
    """How far an exchange has come, and what it holds; see core/deadlines.py for the stamps."""

    # Slots: without them this many attributes outgrow CPython's compact dictionary, and an
    # exchange costs a microsecond more.
    __slots__ = (
        "answered", "attempt", "begun", "bodiless", "client", "connecting", "dialled", "done",
        "endpoint", "first_octet", "head", "keep_alive", "key", "method", "moved", "pool", "proxy",
        "request_chunked", "request_id", "request_whole", "response_chunked", "sent", "status",
        "stay", "target", "tried", "tunnelled", "unsent", "untaken", "until", "upgrade",
        "version_1_0",
    )  # fmt: skip

    def __init__(
        self, proxy: "Proxy", client: "ClientConnection", pool: Pool, method: bytes, target: bytes
    ) -> None:
        self.proxy = proxy
        self.client = client
        self.pool = pool
        self.method = method
        self.target = target
        self.key = client.key
        """What hashes hash: the address of the client, or of whom a trusted peer speaks for."""
        self.head = b""
        self.request_id = b""
        self.keep_alive = True
        self.version_1_0 = False
        self.upgrade = False
        """Whether the client asks for a WebSocket."""
        self.request_chunked = False
        self.response_chunked = False
        self.stay: Stay | None = None
        self.endpoint: Endpoint | None = None
        self.attempt: EndpointConnection | None = None
        """The connection that carries this exchange's attempt."""
        self.connecting: asyncio.Task[None] | None = None
        self.tried: tuple[Endpoint, ...] = ()
        """Endpoints at which an attempt of this exchange has failed."""
        self.bodiless = False
        """Whether its request is a head and nothing more, so that it can be sent once more."""
        self.unsent: tuple[bytes, ...] = ()
        """Body octets that wait for the connection."""
        # Stamps, on the loop's clock; 0 is not yet. See core/deadlines.py.
        self.begun = proxy.now()
        self.until = self.dialled = self.sent = self.request_whole = 0.0
        self.first_octet = self.moved = 0.0
        self.untaken = 0
        """Octets that the client had not taken when the deadlines were last looked at."""
        self.answered = False
        """Whether a final response head went to the client."""
        self.status = 0
        self.tunnelled = False
        self.done = False
