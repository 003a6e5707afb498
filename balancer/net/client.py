"""A client's connection: reads requests with llhttp, starts exchanges, keeps their order."""

import asyncio
import ipaddress
from collections import deque
from typing import TYPE_CHECKING, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from balancer.net import heads
from balancer.net.exchange import Exchange
from balancer.net.heads import HOP_BY_HOP, Fields, Refusal

if TYPE_CHECKING:
    from balancer.net.proxy import Proxy

HEAD_LIMIT = 32 * 1024
"""Octets of a request's head: Envoy allows 60 KiB, nginx 32, HAProxy 16; cookies seldom pass 8."""
FIELD_LIMIT = 100
"""Header fields in a request: HAProxy's limit is 101, Envoy's 100."""


class ClientConnection(asyncio.Protocol):
    """One client socket. Exchanges on it are answered in the order in which they were asked."""

    def __init__(self, proxy: "Proxy") -> None:
        # Per connection.
        self.proxy = proxy
        self.transport: asyncio.Transport
        self.key = b""
        """The peer's address, packed: what source hashes hash."""
        self.since = 0.0
        """When this connection began to wait for the head it waits for; 0 while it serves."""
        self._peer = b""
        self._parser = HttpRequestParser(self)
        self._exchanges: deque[Exchange] = deque()
        self._refused = False
        self._paused = False
        self.congested = False
        """Whether the client reads more slowly than we have to write."""
        # Per request.
        self._current: Exchange | None = None
        self._in_head = False
        self._head_size = 0
        self._target = b""
        self._fields: Fields = []
        self._special: dict[bytes, bytes] = {}

    # ── asyncio's side ───────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        peername = transport.get_extra_info("peername")
        if peername is None:  # gone between accept and now
            self._refused = True
            self.transport.abort()
            return
        peer: str = peername[0]
        self._peer = peer.encode()
        self.key = ipaddress.ip_address(peer).packed
        self.since = self.proxy.now()
        self.proxy.clients.add(self)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._in_head or self._current is None:
            self._head_size += len(data)
        try:
            while True:
                try:
                    self._parser.feed_data(data)
                    break
                except HttpParserUpgrade as upgrade:  # not taken up: what follows is HTTP again
                    data = data[upgrade.args[0] :]
        except HttpParserError as error:
            cause = error.__context__
            refusal = cause if isinstance(cause, Refusal) else Refusal(400, "not valid HTTP/1.1")
            self._refuse(refusal)
            return
        if self._in_head and self._head_size > HEAD_LIMIT:
            self._refuse(Refusal(431, f"the head is larger than {HEAD_LIMIT} octets"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.proxy.clients.discard(self)
        self._refused = True
        while self._exchanges:
            self._exchanges[0].abandon()

    def pause_writing(self) -> None:
        self.congested = True
        attempt = self._exchanges[0].attempt if self._exchanges else None
        if attempt is not None:
            attempt.transport.pause_reading()

    def resume_writing(self) -> None:
        self.congested = False
        attempt = self._exchanges[0].attempt if self._exchanges else None
        if attempt is not None:
            attempt.transport.resume_reading()

    def pause_reading(self) -> None:
        """Take no more from the client for now. Idempotent."""
        if not self._paused and not self.transport.is_closing():
            self._paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on, unless a second request waits its turn."""
        if self._paused and len(self._exchanges) < 2 and not self.transport.is_closing():
            self._paused = False
            self.transport.resume_reading()

    # ── llhttp's side ────────────────────────────────────────────────────────────────────────

    def on_message_begin(self) -> None:
        self._in_head = True
        self._target = b""
        self._fields = []
        self._special = {}

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer: dropped (RFC 9110 section 6.5.1 allows it)
        lower = name.lower()
        if lower in SPECIAL:
            if lower in self._special:
                if lower == b"host":
                    raise Refusal(400, "more than one Host field")
                value = self._special[lower] + b", " + value
            self._special[lower] = value
        elif lower not in HOP_BY_HOP:
            self._fields.append((lower, name, value))
            if len(self._fields) > FIELD_LIMIT:
                raise Refusal(431, f"more than {FIELD_LIMIT} header fields")

    def on_headers_complete(self) -> None:
        self._in_head = False
        self.since = 0.0
        method: bytes = self._parser.get_method()
        version = self._parser.get_http_version()
        self._check_framing(method, version)
        host, target = self._where()
        pool = self.proxy.table.match(host.rpartition(b":")[0] or host, target)
        if pool is None:
            raise Refusal(404, "no route leads anywhere from this host and path")
        exchange = Exchange(self.proxy, self, pool, method)
        self._fill(exchange, version, host, target)
        self._current = exchange
        self._exchanges.append(exchange)
        if len(self._exchanges) == 1:
            exchange.begin()
        else:
            self.pause_reading()  # pipelined: it waits, and nothing more is read meanwhile

    def on_body(self, data: bytes) -> None:
        if self._current is not None:
            self._current.request_body(data)

    def on_message_complete(self) -> None:
        exchange, self._current = self._current, None
        self._head_size = 0
        if exchange is not None:
            exchange.request_end()

    # ── the request's head ───────────────────────────────────────────────────────────────────

    def _check_framing(self, method: bytes, version: str) -> None:
        """Refuse what llhttp lets through but two readers could understand in two ways."""
        special = self._special
        if version not in ("1.1", "1.0"):
            raise Refusal(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        if method == b"CONNECT":
            raise Refusal(501, "this is a reverse proxy; it opens no tunnels")
        if b"host" not in special and version == "1.1":
            raise Refusal(400, "no Host field")
        coding = special.get(b"transfer-encoding")
        if coding is not None and (version == "1.0" or coding.lower() != b"chunked"):
            raise Refusal(400, "no transfer coding but chunked, and that only in HTTP/1.1")
        if b"upgrade" in special and (coding is not None or b"content-length" in special):
            raise Refusal(400, "an Upgrade request with a body is not understood here")

    def _where(self) -> tuple[bytes, bytes]:
        """Host (lower case) and target in origin form (RFC 9112 section 3.2)."""
        target = self._target
        host = self._special.get(b"host", b"")
        if target[:1] != b"/" and target != b"*":
            scheme, separator, rest = target.partition(b"://")
            if not separator or scheme.lower() not in (b"http", b"https"):
                raise Refusal(400, "the request target is neither a path nor an http URI")
            host, slash, path = rest.partition(b"/")
            target = slash + path or b"/"
        if b"@" in host or b"/" in host or b"," in host:
            raise Refusal(400, "the Host field is not a host")
        return host.lower(), target

    def _fill(self, exchange: Exchange, version: str, host: bytes, target: bytes) -> None:
        """Work out how the exchange is framed, and the head that the endpoint will get."""
        special, fields = self._special, self._fields
        connection = special.get(b"connection")
        exchange.version_1_0 = version == "1.0"
        exchange.keep_alive = not exchange.version_1_0
        if connection:
            named = heads.nominated(connection)
            fields = heads.without(fields, named)
            if b"close" in named:
                exchange.keep_alive = False
            elif b"keep-alive" in named:
                exchange.keep_alive = True
        exchange.request_id = heads.request_id(special.get(b"x-request-id"))
        exchange.request_chunked = b"transfer-encoding" in special
        extra = [
            b"Host: ", host, b"\r\nX-Forwarded-For: ", self._peer,
            b"\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: ", host,
            b"\r\nX-Request-Id: ", exchange.request_id, b"\r\n",
        ]  # fmt: skip
        if exchange.request_chunked:
            extra.append(b"Transfer-Encoding: chunked\r\n")
        elif b"content-length" in special:
            extra += (b"Content-Length: ", special[b"content-length"], b"\r\n")
        if b"expect" in special:
            extra += (b"Expect: ", special[b"expect"], b"\r\n")
        start = exchange.method + b" " + target + b" HTTP/1.1\r\n"
        exchange.head = heads.serialise(start, fields, b"".join(extra))

    # ── ends ─────────────────────────────────────────────────────────────────────────────────

    def exchange_over(self, exchange: Exchange, *, cut: bool) -> None:
        """The exchange is done: close, or turn to the next request."""
        if exchange in self._exchanges:
            self._exchanges.remove(exchange)
        if self.transport.is_closing():
            return
        if cut:
            self.transport.abort()
        elif not exchange.keep_alive or self.proxy.draining:
            self.transport.close()
        elif self._exchanges:  # soon, not now: a thousand pipelined requests must not nest
            self.proxy.loop.call_soon(self._exchanges[0].begin)
        else:
            self.since = self.proxy.now()
        self.resume_reading()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer a request that goes nowhere, once those before it are answered, and close."""
        self._refused = True
        self.proxy.refused[refusal.status] = self.proxy.refused.get(refusal.status, 0) + 1
        broken, self._current = self._current, None
        if broken is not None and broken is self._exchanges[0]:
            broken.reject(refusal.status, refusal.detail)
            return
        if broken is not None:
            self._exchanges.remove(broken)
        if self._exchanges:  # an answer now would be taken for the answer to an earlier request
            self._exchanges[-1].keep_alive = False
            return
        given = heads.request_id(self._special.get(b"x-request-id"))
        self.transport.write(heads.own_answer(refusal.status, refusal.detail, given, close=True))
        self.transport.close()

    def close_if_idle(self) -> None:
        """Close unless a request is being served or is on its way in."""
        if not self._exchanges and not self._head_size:
            self.transport.close()

    def expire(self, now: float) -> None:
        """Close if the client took too long over a head, or kept an idle connection too long."""
        timeouts = self.proxy.table.config.timeouts
        if not self.since or self._exchanges:
            return
        if self._in_head or self._head_size:
            if now - self.since > timeouts.head:
                self._refuse(Refusal(408, "the request's head did not come in time"))
        elif now - self.since > timeouts.idle:
            self.transport.close()


SPECIAL = frozenset(
    [
        b"host",
        b"connection",
        b"content-length",
        b"transfer-encoding",
        b"expect",
        b"upgrade",
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"x-forwarded-host",
        b"x-request-id",
    ]
)
"""Fields that the balancer reads or sets itself, so they are never passed on as they came."""
