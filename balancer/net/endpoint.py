"""A connection to an endpoint: carries one exchange at a time, then waits warm for the next."""

import asyncio
from typing import TYPE_CHECKING, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from balancer.core import failure
from balancer.net.exchange import Exchange
from balancer.net.heads import HOP_BY_HOP, Fields, nominated, status_line, without

if TYPE_CHECKING:
    from balancer.net.proxy import Proxy

NO_BODY = frozenset([204, 304])
"""Final statuses that never have a body, whatever their fields say (RFC 9112 section 6.3)."""


class EndpointConnection(asyncio.Protocol):
    """Reads answers with llhttp and hands them to the exchange on it."""

    def __init__(self, proxy: "Proxy", address: str) -> None:
        self.proxy = proxy
        self.address = address
        self.transport: asyncio.Transport
        self.idle_since = 0.0
        self._exchange: Exchange | None = None
        self._parser = HttpResponseParser(self)
        self._fields: Fields = []
        self._connection = b""
        self._sized = False
        self._chunked = False
        self._interim = False
        self._reusable = True

    # ── asyncio's side ───────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.proxy.endpoint_connections += 1

    def data_received(self, data: bytes) -> None:
        if self._exchange is None:  # an answer that nobody asked for
            self.transport.abort()
            return
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self._broken(failure.MALFORMED)

    def connection_lost(self, exc: Exception | None) -> None:
        self.proxy.endpoint_connections -= 1
        self.proxy.warm.drop(self)
        exchange = self._exchange
        if exchange is None:
            return
        self._reusable = False
        if exchange.answered and not self._sized and not self._chunked and exc is None:
            exchange.response_end()  # a body without length ends with its connection
        else:
            exchange.fail(failure.CLOSED_EARLY)

    def pause_writing(self) -> None:
        if self._exchange is not None:
            self._exchange.client.pause_reading()

    def resume_writing(self) -> None:
        if self._exchange is not None:
            self._exchange.client.resume_reading()

    # ── the exchange's side ──────────────────────────────────────────────────────────────────

    def carry(self, exchange: Exchange, head: bytes) -> None:
        """Take an exchange on and send its request's head."""
        self._exchange = exchange
        self._reusable = True
        self.transport.write(head)

    def release(self, *, reusable: bool) -> None:
        """The exchange is over. Keep the connection warm if both sides are at a clean boundary."""
        self._exchange = None
        if reusable and self._reusable and not self.transport.is_closing():
            self.transport.resume_reading()
            self.proxy.warm.put(self)
        else:
            self.transport.abort()

    # ── llhttp's side ────────────────────────────────────────────────────────────────────────

    def on_message_begin(self) -> None:
        if self._exchange is None:  # a second answer behind the one that was asked for
            raise ValueError("nobody asked")
        self._fields = []
        self._connection = b""
        self._sized = self._chunked = False

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower == b"content-length":
            self._sized = True
        elif lower == b"connection":
            self._connection = value
            return
        elif lower == b"transfer-encoding":
            self._chunked = True
            if value.lower() != b"chunked":
                raise ValueError("only chunked is understood")
            return
        elif lower in HOP_BY_HOP or lower == b"x-request-id":
            return
        self._fields.append((lower, name, value))

    def on_headers_complete(self) -> None:
        exchange = self._exchange
        if exchange is None:
            return
        status = self._parser.get_status_code()
        fields = self._fields
        if self._connection:
            named = nominated(self._connection)
            fields = without(fields, named)
            if b"close" in named:
                self._reusable = False
        if self._parser.get_http_version() != "1.1":
            self._reusable = False
        self._interim = status < 200
        if self._interim:
            self._forward_interim(exchange, status)
            return
        head_only = exchange.method == b"HEAD"
        bodiless = head_only or status in NO_BODY
        if not (self._sized or self._chunked or bodiless):
            self._reusable = False
        exchange.response_head(status, fields, body=not bodiless, length_known=self._sized)
        if head_only:  # llhttp waits for the body that Content-Length announces; there is none
            self._parser = HttpResponseParser(self)
            exchange.response_end()

    def _forward_interim(self, exchange: Exchange, status: int) -> None:
        """100 and 103 go on; 101 would switch to a protocol that nobody asked for."""
        if status == 101:
            raise ValueError("switching protocols was not asked for")
        if not exchange.version_1_0:  # RFC 9110 section 15.2
            exchange.client.transport.write(status_line(status) + b"\r\n")

    def on_body(self, data: bytes) -> None:
        if self._exchange is not None and data:
            self._exchange.response_body(data)

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
        elif self._exchange is not None:
            self._exchange.response_end()

    def _broken(self, reason: failure.Failure) -> None:
        self._reusable = False
        if self._exchange is not None:
            self._exchange.fail(reason)
        else:
            self.transport.abort()
