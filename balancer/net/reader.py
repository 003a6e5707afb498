"""Reads one client's requests with llhttp, and holds each to its limits of size."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from balancer.net.exchange import Exchange
from balancer.net.heads import Refusal
from balancer.net.request import RequestHead

if TYPE_CHECKING:
    from balancer.config import Limits
    from balancer.net.client import ClientConnection

MOST_FRAMING = 16
"""Octets of framing for one of a body: Go's limit, after CVE-2023-39326; one octet in a chunk of
its own needs five."""


class RequestReader:
    """Octets in; heads, bodies and ends of requests out, to the client connection it serves."""

    def __init__(self, client: "ClientConnection", head: RequestHead) -> None:
        self.head = head
        self.exchange: Exchange | None = None
        """The exchange whose request is still coming in."""
        self.on_header: Callable[[bytes, bytes], None] = head.field
        """llhttp calls the head itself: one call less for each field."""
        self._client = client
        self._proxy = client.proxy
        self._parser = HttpRequestParser(self)
        self._in_head = False
        self.head_size = 0
        """Octets that have come while this request's head was read; 0 between two requests."""
        self._body_size = 0
        self._coded_size = 0
        self._chunk = b""
        """The octets in which the head that is being read stands."""
        self._limits: Limits | None = None
        """The limits that the numbers here are of."""
        self._most_head = self._most_body = 0
        self.most_requests = 0
        """Requests that this connection may carry."""

    @property
    def begun(self) -> bool:
        """Whether a request has begun to come in, and is not yet whole."""
        return self._in_head or self.head_size > 0

    def feed(self, data: bytes) -> None:
        """Take octets in. Raises Refusal for what is not to be served."""
        if self._in_head or self.exchange is None:
            self.head_size += len(data)
        else:
            self._coded_size += len(data)
        self._chunk = self._chunk + data if self._in_head else data
        try:
            try:
                self._parser.feed_data(data)
            except HttpParserUpgrade as upgrade:
                self._read_on(data[upgrade.args[0] :])
        except HttpParserError as error:
            cause = error.__context__
            refusal = cause if isinstance(cause, Refusal) else Refusal(400, "not valid HTTP/1.1")
            raise refusal from error
        if self._in_head:
            if self.head_size > self._most_head:
                raise Refusal(431, "the head is larger than the limit")
            return
        self._chunk = b""  # or an idle connection would keep its last request
        if self.exchange is not None and self._coded_size > self._most_coded():
            raise Refusal(400, "far more framing and trailers than body")

    def _read_on(self, behind: bytes) -> None:
        """A request that asks for an upgrade has ended: read what is behind it, unless that waits
        for the answer."""
        while not self._client.hold_for_upgrade(behind):
            try:
                self._parser.feed_data(behind)
            except HttpParserUpgrade as upgrade:
                behind = behind[upgrade.args[0] :]
            else:
                return

    def _most_coded(self) -> int:
        """Octets that a body may take with its chunks' sizes, extensions and trailers."""
        return MOST_FRAMING * self._body_size + self._most_head

    def _hold_to(self, limits: "Limits") -> None:
        """Keep the numbers at hand: asking pydantic for each costs an exchange 0.5 µs."""
        self._limits = limits
        self._most_head, self._most_body = limits.head, limits.body
        self.most_requests = limits.requests
        self.head.most_fields, self.head.most_body = limits.fields, limits.body

    # ── llhttp's side ────────────────────────────────────────────────────────────────────────

    def on_message_begin(self) -> None:
        self._in_head = True
        self._body_size = self._coded_size = 0
        limits = self._proxy.table.config.limits
        if limits is not self._limits:  # the first request, or the first since a reload
            self._hold_to(limits)
        self.head.begin()

    def on_url(self, url: bytes) -> None:
        self.head.target += url

    def on_headers_complete(self) -> None:
        self._in_head = False
        client, parser, head = self._client, self._parser, self.head
        if client.refused:  # behind a request that was the last to be answered here
            return
        method = parser.get_method()
        if len(self._chunk) > self._most_head and head.size() > self._most_head:
            raise Refusal(431, "the head is larger than the limit")
        head.check(method, parser, self._chunk)
        client.begin_exchange(method)

    def on_body(self, data: bytes) -> None:
        exchange = self.exchange
        if exchange is None:
            return
        self._body_size += len(data)
        if self._body_size > self._most_body:
            raise Refusal(413, "the body is larger than the limit")
        exchange.request_body(data)

    def on_message_complete(self) -> None:
        exchange, self.exchange = self.exchange, None
        self.head_size = 0
        if exchange is not None:
            exchange.request_end()
