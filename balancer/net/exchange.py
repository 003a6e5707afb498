"""One request and its response, from the client's head to `finish`, which runs exactly once.

The exchange joins a client connection to an endpoint connection and owns everything that must not
leak: the lease on the endpoint, the connect that may be under way, the body that waits for it.
"""

import asyncio
from typing import TYPE_CHECKING

from balancer.core import failure
from balancer.core.endpoint import Endpoint
from balancer.core.failure import Failure, Outcome
from balancer.core.pool import Pool
from balancer.net import heads
from balancer.net.heads import Fields

if TYPE_CHECKING:
    from balancer.net.client import ClientConnection
    from balancer.net.endpoint import EndpointConnection
    from balancer.net.proxy import Proxy


class Exchange:
    """What is known of one request while it is served."""

    __slots__ = (
        "answered",
        "attempt",
        "client",
        "connecting",
        "deadline",
        "done",
        "endpoint",
        "head",
        "keep_alive",
        "method",
        "pool",
        "proxy",
        "request_chunked",
        "request_complete",
        "request_id",
        "response_chunked",
        "started",
        "status",
        "unsent",
        "version_1_0",
    )

    def __init__(
        self, proxy: "Proxy", client: "ClientConnection", pool: Pool, method: bytes
    ) -> None:
        self.proxy = proxy
        self.client = client
        self.pool = pool
        self.method = method
        self.head = b""
        self.keep_alive = True
        self.version_1_0 = False
        self.request_chunked = False
        self.request_complete = False
        self.request_id = b""
        self.unsent: list[bytes] = []
        """Body bytes that wait for the connection."""
        self.endpoint: Endpoint | None = None
        self.attempt: EndpointConnection | None = None
        """The connection that carries this exchange's attempt."""
        self.connecting: asyncio.Task[None] | None = None
        self.started = proxy.now()
        self.deadline = 0.0
        """When the answer's head must be here; 0 while the exchange waits its turn."""
        self.answered = False
        """Whether a final response head went to the client."""
        self.response_chunked = False
        self.status = 0
        self.done = False

    # ── towards the endpoint ─────────────────────────────────────────────────────────────────

    def begin(self) -> None:
        """Pick an endpoint and send the request there: on a warm connection at once, else soon."""
        if self.done:
            return
        self.deadline = self.proxy.now() + self.proxy.table.config.timeouts.answer
        endpoint = self.pool.pick(self.client.key)
        if endpoint is None:
            self.fail(failure.NO_ENDPOINT)
            return
        self.endpoint = endpoint
        endpoint.load.in_flight += 1
        self.proxy.exchanges.add(self)
        connection = self.proxy.warm.take(endpoint.address)
        if connection is not None:
            self.send_on(connection)
        else:
            self.connecting = self.proxy.spawn(self.proxy.connect(self))

    def send_on(self, connection: "EndpointConnection") -> None:
        """Make the attempt on this connection: the head, and what came of the body so far."""
        assert self.endpoint is not None  # noqa: S101 # begin() has picked it; this is for mypy
        self.connecting = None
        self.attempt = connection
        self.endpoint.load.attempts += 1
        connection.carry(self, self.head)
        if self.unsent:
            waiting, self.unsent = self.unsent, []
            connection.transport.writelines(waiting)
            self.client.resume_reading()

    def request_body(self, data: bytes) -> None:
        """A piece of the request's body has come."""
        if self.done:
            return
        if self.request_chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        if self.attempt is not None:
            self.attempt.transport.write(data)
        else:
            self.unsent.append(data)
            self.client.pause_reading()

    def request_end(self) -> None:
        """The request has come whole."""
        self.request_complete = True
        if self.done or not self.request_chunked:
            return
        if self.attempt is not None:
            self.attempt.transport.write(b"0\r\n\r\n")
        else:
            self.unsent.append(b"0\r\n\r\n")

    # ── towards the client ───────────────────────────────────────────────────────────────────

    def response_head(self, status: int, fields: Fields, *, body: bool, length_known: bool) -> None:
        """The endpoint's final answer begins."""
        self.answered = True
        self.status = status
        extra = b"X-Request-Id: " + self.request_id + b"\r\n"
        if body and not length_known:
            if self.version_1_0:
                self.keep_alive = (
                    False  # HTTP/1.0 knows no chunks: the end of the body is our close
                )
            else:
                self.response_chunked = True
                extra += b"Transfer-Encoding: chunked\r\n"
        if not self.keep_alive or not self.request_complete or self.proxy.draining:
            self.keep_alive = False
            extra += b"Connection: close\r\n"
        elif self.version_1_0:
            extra += b"Connection: keep-alive\r\n"
        self.client.transport.write(heads.serialise(heads.status_line(status), fields, extra))
        if self.client.congested and self.attempt is not None:
            self.attempt.transport.pause_reading()

    def response_body(self, data: bytes) -> None:
        """A piece of the answer's body."""
        if self.response_chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self.client.transport.write(data)

    def response_end(self) -> None:
        """The answer is whole."""
        if self.response_chunked:
            self.client.transport.write(b"0\r\n\r\n")
        self.finish("ok", str(self.status))

    # ── ways out ─────────────────────────────────────────────────────────────────────────────

    def fail(self, reason: Failure) -> None:
        """The attempt failed: tell the client, unless an answer has begun, which we then cut."""
        if self.done:
            return
        if self.answered:
            self.finish(reason.outcome, str(self.status), cut=True)
            return
        close = not (self.keep_alive and self.request_complete)
        self.keep_alive = not close
        answer = heads.own_answer(reason.status, reason.detail, self.request_id, close=close)
        self.client.transport.write(answer)
        self.finish(reason.outcome, str(reason.status))

    def reject(self, status: int, detail: str) -> None:
        """The client's body broke the rules of framing: there is no telling where it ends."""
        self.keep_alive = False
        if not self.answered:
            self.client.transport.write(
                heads.own_answer(status, detail, self.request_id, close=True)
            )
        self.finish("client_gone", str(self.status or status), cut=self.answered)

    def abandon(self) -> None:
        """The client has gone: nobody waits for this answer any more."""
        self.finish("client_gone", str(self.status) if self.answered else "")

    def finish(self, outcome: Outcome, code: str, *, cut: bool = False) -> None:
        """Return what is held and count the exchange; the first call counts, later ones do nothing.

        `cut` closes the client's connection without a proper end: an answer broken off must not
        look whole.
        """
        if self.done:
            return
        self.done = True
        self.proxy.exchanges.discard(self)
        if self.connecting is not None:
            self.connecting.cancel()
        if self.endpoint is not None:
            self.endpoint.load.in_flight -= 1
            self.endpoint.load.finish(outcome, code, self.proxy.now() - self.started)
        else:
            unpicked = self.pool.unpicked
            unpicked[outcome, code] = unpicked.get((outcome, code), 0) + 1
        if self.attempt is not None:
            self.attempt.release(reusable=outcome == "ok" and self.request_complete)
            self.attempt = None
        self.client.exchange_over(self, cut=cut)
        if self.proxy.draining:
            self.proxy.rest()
