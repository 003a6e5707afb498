"""One request and its response, from the client's head to `finish`, which runs exactly once.

The exchange joins a client connection to an endpoint connection and owns everything that must not
leak: the lease on the endpoint, the connect that may be under way, the body that waits for it.
"""

from typing import TYPE_CHECKING

from balancer.core.endpoint import Endpoint
from balancer.core.failure import Failure, Outcome
from balancer.net import heads
from balancer.net.heads import Lines
from balancer.net.progress import Progress

if TYPE_CHECKING:
    from balancer.net.endpoint import EndpointConnection


CODES = {code: str(code) for code in range(100, 600)}
"""Statuses as the counters name them."""


class Exchange(Progress):
    """What is done with one request, on either side."""

    __slots__ = ()

    # ── towards the endpoint ─────────────────────────────────────────────────────────────────

    def begin(self) -> None:
        """Pick an endpoint and make the attempt there, or wait for room behind those who do."""
        if self.done:
            return
        pool = self.pool
        waiting = pool.waiting
        endpoint = pool.pick(self.key) if waiting is None or not waiting.live else None
        self.proxy.exchanges.add(self)
        if endpoint is None:
            self._wait()
        else:
            self._attempt(endpoint)

    def _wait(self) -> None:
        """Wait for room at an endpoint, if that is what is missing and the queue takes one more."""
        until = self.pool.wait(self)
        if isinstance(until, Failure):
            self.fail(until)
        else:
            self.until = until

    def leave_queue(self, endpoint: Endpoint) -> None:
        """There is room now, at this endpoint."""
        self.until = 0.0
        self._attempt(endpoint)
        if self.attempt is not None:
            self.attempt.flush()

    def _attempt(self, endpoint: Endpoint) -> None:
        """Make an attempt: on a warm connection at once, else as soon as there is a new one."""
        self.endpoint = endpoint
        endpoint.load.in_flight += 1
        connection = self.proxy.warm.take(endpoint.address)
        if connection is not None:
            self.send_on(connection)
        else:
            self.dialled = self.proxy.now()
            self.connecting = self.proxy.spawn(self.proxy.connect(self))

    def take_turn(self) -> None:
        """Begin after having waited behind an earlier request: its deadlines run from now."""
        self.begun = self.proxy.now()
        if self.request_whole:
            self.request_whole = self.begun
        self.begin()

    def send_on(self, connection: "EndpointConnection") -> None:
        """Make the attempt on this connection: the head, and what came of the body so far."""
        assert self.endpoint is not None  # noqa: S101 # begin() has picked it; this is for mypy
        self.connecting = None
        self.attempt = connection
        self.sent = self.proxy.now()
        self.endpoint.load.attempts += 1
        connection.carry(self)
        connection.out.append(self.head)
        if self.unsent:
            connection.out += self.unsent
            self.unsent = ()
            self.client.resume_reading()

    def request_body(self, data: bytes) -> None:
        """A piece of the request's body has come."""
        if self.done:
            return
        if self.request_chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        if self.attempt is not None:
            self.attempt.out.append(data)
        else:
            self.unsent += (data,)
            self.client.pause_reading()

    def request_end(self) -> None:
        """The request has come whole."""
        self.request_whole = self.proxy.now()
        if self.done or not self.request_chunked:
            return
        if self.attempt is not None:
            self.attempt.out.append(b"0\r\n\r\n")
        else:
            self.unsent += (b"0\r\n\r\n",)

    # ── towards the client ───────────────────────────────────────────────────────────────────

    def response_head(self, status: int, lines: Lines, *, body: bool, length_known: bool) -> None:
        """The endpoint's final answer begins."""
        self.answered = True
        self.first_octet = self.moved
        self.status = status
        out = self.client.out
        out.append(heads.STATUS_LINES.get(status) or heads.status_line(status))
        out += lines
        out += (b"X-Request-Id: ", self.request_id, b"\r\n")
        if self.stay is not None and self.endpoint is not None:
            out.append(self.stay.line(self.endpoint))
        if body and not length_known:
            if self.version_1_0:
                self.keep_alive = False  # HTTP/1.0 knows no chunks: its body ends with our close
            else:
                self.response_chunked = True
                out.append(b"Transfer-Encoding: chunked\r\n")
        if not self.keep_alive or not self.request_whole or self.proxy.draining:
            self.keep_alive = False
            out.append(b"Connection: close\r\n")
        elif self.version_1_0:
            out.append(b"Connection: keep-alive\r\n")
        out.append(b"\r\n")
        if self.client.congested and self.attempt is not None:
            self.attempt.pause_reading()

    def response_body(self, data: bytes) -> None:
        """A piece of the answer's body."""
        if self.response_chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self.client.out.append(data)

    def response_end(self) -> None:
        """The answer is whole."""
        if self.response_chunked:
            self.client.out.append(b"0\r\n\r\n")
        self.client.flush()
        self.finish("ok", CODES.get(self.status) or str(self.status))

    def switched(self, lines: Lines) -> None:
        """The endpoint agreed to the WebSocket: from here on octets pass as they are."""
        self.answered = self.tunnelled = True
        self.first_octet = self.moved
        self.status = 101
        self.keep_alive = False
        ours = b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        self.client.transport.write(b"".join((heads.status_line(101), *lines, ours)))
        self.client.enter_tunnel(self)

    def to_endpoint(self, data: bytes) -> None:
        """Octets of the tunnel, from the client."""
        self.moved = self.proxy.now()
        if self.attempt is not None:
            self.attempt.transport.write(data)

    def to_client(self, data: bytes) -> None:
        """Octets of the tunnel, from the endpoint."""
        self.client.transport.write(data)

    # ── ways out ─────────────────────────────────────────────────────────────────────────────

    def fail(self, reason: Failure) -> None:
        """The attempt failed: tell the client, unless an answer has begun, which we then cut."""
        if self.done:
            return
        if self.tunnelled:
            self.finish("ok", "101")
        elif self.answered:
            self.finish(reason.outcome, str(self.status), cut=True)
        elif not self._retry(reason):
            self.keep_alive = self.keep_alive and self.request_whole > 0
            answer = heads.own_answer(
                reason.status, reason.detail, self.request_id, close=not self.keep_alive
            )
            self.client.send(answer)
            self.finish(reason.outcome, str(reason.status))

    def _retry(self, reason: Failure) -> bool:
        """Make one more attempt elsewhere, if that is safe, allowed, and there is anywhere left."""
        failed, pool = self.endpoint, self.pool
        if failed is None or pool.guards.retry is None:
            return False
        tried = (*self.tried, failed)
        endpoint = pool.again(reason, self.method, self.key, tried, bodiless=self.bodiless)
        if endpoint is None:
            return False
        now = self.proxy.now()
        self._let_go(failed, now)
        if pool.observes:
            pool.observe(failed, reason.outcome, "", self._endpoint_took(now))
        self.tried, self.sent, self.dialled = tried, 0.0, 0.0
        self._attempt(endpoint)
        if self.attempt is not None:
            self.attempt.flush()
        return True

    def _endpoint_took(self, now: float) -> float:
        """Seconds for which the endpoint alone kept everybody waiting: until its answer's head,
        from when it had the whole request. A slow upload or a slow reader is not its doing."""
        asked = max(self.request_whole, self.sent) or self.dialled or self.begun
        return max(0.0, (self.first_octet or now) - asked)

    def _let_go(self, endpoint: Endpoint, now: float) -> None:
        """Return what a failed attempt held."""
        endpoint.load.in_flight -= 1
        if self.connecting is not None:
            self.connecting.cancel()
            self.connecting = None
        if self.attempt is not None:
            self.attempt.release(now, reusable=False)
            self.attempt = None
        self.proxy.room(self.pool)

    def reject(self, status: int, detail: str) -> None:
        """The client's fault: its body broke the framing, is too long, or does not come."""
        self.keep_alive = False
        if not self.answered:
            self.client.send(heads.own_answer(status, detail, self.request_id, close=True))
        self.finish("client_gone", str(self.status or status), cut=self.answered)

    def abandon(self) -> None:
        """The client has gone: nobody waits for this answer any more."""
        if self.tunnelled:
            self.finish("ok", "101")
        else:
            self.finish("client_gone", str(self.status) if self.answered else "", cut=True)

    def finish(self, outcome: Outcome, code: str, *, cut: bool = False) -> None:
        """Return what is held and count the exchange; the first call counts, later ones do nothing.

        `cut` closes the client's connection without a proper end: an answer broken off must not
        look whole.
        """
        if self.done:
            return
        self.done = True
        proxy = self.proxy
        now = proxy.now()
        proxy.exchanges.discard(self)
        if self.connecting is not None:
            self.connecting.cancel()
        pool = self.pool
        if self.endpoint is not None:
            load = self.endpoint.load
            load.in_flight -= 1
            load.finish(outcome, code, now - self.begun)
            if pool.observes:
                took = self._endpoint_took(now) if pool.times else 0.0
                pool.observe(self.endpoint, outcome, code, took)
            if pool.waiting is not None:
                proxy.room(pool)
        else:
            pool.unpicked[outcome, code] = pool.unpicked.get((outcome, code), 0) + 1
            if self.until and pool.waiting is not None:
                pool.waiting.left()
        if self.attempt is not None:
            clean = outcome == "ok" and self.request_whole > 0 and not self.tunnelled
            self.attempt.release(now, reusable=clean)
            self.attempt = None
        if proxy.access_log is not None:
            proxy.access_log.note(self, outcome, code)
        self.client.exchange_over(self, now, cut=cut)
        if proxy.draining:
            proxy.rest()
