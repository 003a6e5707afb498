"""A connection to an endpoint: carries one exchange at a time, then waits warm for the next."""

import asyncio
from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from balancer.core import failure
from balancer.net.exchange import Exchange
from balancer.net.heads import HOP_BY_HOP, Lines, nominated, status_line, without
from balancer.net.stream import Stream

if TYPE_CHECKING:
    from balancer.net.proxy import Proxy

NO_BODY = frozenset([204, 304])
"""Final statuses that never have a body, whatever their fields say (RFC 9112 section 6.3)."""

LENGTH = frozenset([b"content-length"])

OURS = HOP_BY_HOP | {b"x-request-id"}
"""Fields of an answer that end here; the request id is the exchange's own."""

LONGEST_HEAD = 64 * 1024
"""Octets of an answer's head: twice what a client may send, since endpoints are ours."""


class EndpointConnection(Stream):
    """Reads answers with llhttp and hands them to the exchange on it."""

    def __init__(self, proxy: "Proxy", address: str) -> None:
        super().__init__(proxy)
        self.address = address
        self.idle_since = 0.0
        self._exchange: Exchange | None = None
        self._parser = HttpResponseParser(self)
        self._lines: Lines = []
        self._connection = b""
        self._upgrade = b""
        self._head_size = 0
        self._sized = False
        self._chunked = False
        self._interim = False
        self._reusable = True
        self._ends_with_head = False
        """Whether nothing stands behind the head in the octets that ended it."""

    # ── asyncio's side ───────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.proxy.endpoint_connections += 1

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:  # an answer that nobody asked for
            self.transport.abort()
            return
        exchange.moved = self.proxy.now()
        if exchange.tunnelled:
            exchange.to_client(data)
            return
        if not exchange.answered:
            if not self._head_size and not b"HTTP/".startswith(data[:5]):
                self._broken()  # llhttp takes RTSP and ICE for HTTP
                return
            self._head_size += len(data)
            self._ends_with_head = data.endswith(b"\r\n\r\n")
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            if exchange.tunnelled:
                exchange.to_client(data[upgrade.args[0] :])
            else:
                self._broken()
        except HttpParserError:
            self._broken()
        if not exchange.done:
            exchange.client.flush()
        if self._head_size > LONGEST_HEAD and not exchange.answered:
            self._broken()

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
        self.congested = True
        if self._exchange is not None:
            self._exchange.client.pause_reading()

    def resume_writing(self) -> None:
        self.congested = False
        if self._exchange is not None:
            self._exchange.client.resume_reading()

    # ── the exchange's side ──────────────────────────────────────────────────────────────────

    def carry(self, exchange: Exchange) -> None:
        """Take an exchange on; its request's octets go to `out`."""
        self._exchange = exchange
        self._head_size = 0

    def release(self, now: float, *, reusable: bool) -> None:
        """The exchange is over, now. Stay warm if both sides are at a clean boundary."""
        tunnelled = self._exchange is not None and self._exchange.tunnelled
        self._exchange = None
        self.out = []
        if tunnelled:
            self.transport.close()  # what the client said last is still to go out
        elif reusable and self._reusable and not (self.congested or self.transport.is_closing()):
            if self._paused:
                self.resume_reading()
            self.proxy.warm.put(self, now)
        else:
            self.transport.abort()

    # ── llhttp's side ────────────────────────────────────────────────────────────────────────

    def on_message_begin(self) -> None:
        if self._exchange is None:  # a second answer behind the one that was asked for
            raise ValueError("nobody asked")
        self._lines = []
        self._connection = self._upgrade = b""
        self._sized = self._chunked = False

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower in OURS:
            if lower == b"connection":
                self._connection = self._connection + b"," + value if self._connection else value
            elif lower == b"transfer-encoding":
                if value.lower() != b"chunked" or self._chunked:
                    raise ValueError("only chunked is understood")
                self._chunked = True
            elif lower == b"upgrade":
                self._upgrade = value.lower()
            return
        if lower == b"content-length":
            self._sized = True
        self._lines += (name, b": ", value, b"\r\n")

    def on_headers_complete(self) -> None:
        exchange = self._exchange
        if exchange is None:
            return
        parser = self._parser
        status = parser.get_status_code()
        lines = self._lines
        if status < 100:
            raise ValueError("no such status")
        if self._head_size > LONGEST_HEAD and sum(map(len, lines)) > LONGEST_HEAD:
            raise ValueError("a head that came at once, and is too large")
        # Without a Connection field, only HTTP/1.1 is kept alive: no need to ask for the version.
        if self._connection or not parser.should_keep_alive():
            version = parser.get_http_version()
            if version != "1.1":
                if version != "1.0" or self._chunked:
                    raise ValueError("neither HTTP/1.1 nor a plain HTTP/1.0")
                self._reusable = False
        if self._connection:
            named = nominated(self._connection)
            lines = without(lines, named)
            if b"close" in named:
                self._reusable = False
        if status < 200 or status == 204:  # RFC 9110 section 8.6: these never have a length
            lines = without(lines, LENGTH)
        if status < 200:
            self._interim = True
            self._forward_interim(exchange, status, lines)
            return
        head_only = exchange.method == b"HEAD"
        bodiless = head_only or status in NO_BODY
        if not (self._sized or self._chunked or bodiless):
            self._reusable = False
        exchange.response_head(status, lines, body=not bodiless, length_known=self._sized)
        if head_only:  # llhttp waits for the body that Content-Length announces; there is none
            self._parser = HttpResponseParser(self)
            self._reusable = self._reusable and self._ends_with_head
            exchange.response_end()

    def _forward_interim(self, exchange: Exchange, status: int, lines: Lines) -> None:
        """100 and 103 go on; 101 too, where the client asked for it."""
        if status == 101:
            agreed = self._upgrade == b"websocket" and b"upgrade" in nominated(self._connection)
            if not agreed or not exchange.upgrade or not exchange.request_whole:
                raise ValueError("switching protocols was not asked for")
            exchange.switched(lines)
        elif not exchange.version_1_0:  # RFC 9110 section 15.2
            exchange.client.transport.write(b"".join((status_line(status), *lines, b"\r\n")))

    def on_body(self, data: bytes) -> None:
        if self._exchange is not None:
            if data:
                self._exchange.response_body(data)
        else:  # behind an answer to HEAD
            self.transport.abort()

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
        elif self._exchange is not None:
            self._exchange.response_end()

    def _broken(self) -> None:
        self._reusable = False
        if self._exchange is not None:
            self._exchange.fail(failure.MALFORMED)
        else:
            self.transport.abort()
