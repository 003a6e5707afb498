"""A client's connection: starts exchanges for the requests on it, keeps their order, and ends."""

import asyncio
import ipaddress
from collections import deque
from typing import TYPE_CHECKING

from balancer.core import forwarded
from balancer.core.pool import Pool
from balancer.net import heads
from balancer.net.exchange import Exchange
from balancer.net.heads import Refusal
from balancer.net.reader import RequestReader
from balancer.net.request import RequestHead
from balancer.net.sticky import Stay
from balancer.net.stream import Stream, in_kernel

if TYPE_CHECKING:
    from balancer.net.proxy import Proxy

LINGER = 2.0
"""Seconds that a refused client gets to read its answer before the socket goes: closing at once
with octets unread makes the kernel send a reset, which may overtake the answer (RFC 9112 9.6)."""


class ClientConnection(Stream):
    """One client socket. Exchanges on it are answered in the order in which they were asked.

    `announced` is the client's address where a PROXY protocol header told it.
    """

    def __init__(self, proxy: "Proxy", announced: str | None = None) -> None:
        super().__init__(proxy)
        self.key = b""
        """The client's address, packed: what source hashes hash."""
        self.since = 0.0
        """When this connection began to wait for what it waits for; 0 while it serves."""
        self.refused = False
        """Whether nothing more is served here: what still comes is not looked at."""
        self._announced = announced
        self._reader: RequestReader
        self._exchanges: deque[Exchange] = deque()
        self._tunnel: Exchange | None = None
        self._undecided: Exchange | None = None
        """A request for a WebSocket: whether HTTP follows is for the endpoint's answer to say."""
        self._held = b""
        """What came behind it meanwhile."""
        self._served = 0
        self._untaken = 0
        """Octets that the client had not taken when its deadlines were last looked at."""

    # ── asyncio's side ───────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peername = transport.get_extra_info("peername")
        peer = self._announced or (peername and peername[0])
        config = self.proxy.table.config
        if peer is None:  # gone between accept and now
            self._turn_away()
            return
        address = ipaddress.ip_address(peer.partition("%")[0])
        if config.deny and forwarded.within(address, config.deny):
            self.proxy.denied += 1
            self._turn_away()
            return
        self.key = address.packed
        scheme = b"https" if transport.get_extra_info("sslcontext") else b"http"
        self._reader = RequestReader(self, RequestHead(address, scheme, config.trusted))
        self.since = self.proxy.now()
        self.proxy.clients.add(self)
        if len(self.proxy.clients) > config.limits.connections:
            self._refuse(Refusal(503, "there are too many connections"))

    def data_received(self, data: bytes) -> None:
        if self._tunnel is not None:
            self._tunnel.to_endpoint(data)
            return
        if self.refused:
            return
        if self._undecided is not None:
            self._held += data
            return
        reader = self._reader
        try:
            reader.feed(data)
        except Refusal as refusal:
            self._flush_attempt()  # what is wrong now takes nothing from what came before it
            self._refuse(refusal)
            return
        self._flush_attempt()
        if reader.head_size == len(data) and not self._exchanges:
            self.since = self.proxy.now()  # a head has begun: idle time before it does not count

    def connection_lost(self, exc: Exception | None) -> None:
        self.proxy.clients.discard(self)
        self.refused = True
        while self._exchanges:
            self._exchanges[0].abandon()

    def pause_writing(self) -> None:
        self.congested = True
        attempt = self._exchanges[0].attempt if self._exchanges else None
        if attempt is not None:
            attempt.pause_reading()

    def resume_writing(self) -> None:
        self.congested = False
        attempt = self._exchanges[0].attempt if self._exchanges else None
        if attempt is not None:
            attempt.resume_reading()

    def resume_reading(self) -> None:
        """Read on, unless a second request waits its turn, nobody knows what would come, or the
        endpoint has not taken what came."""
        if not self._paused or self._undecided is not None or len(self._exchanges) > 1:
            return
        attempt = self._exchanges[0].attempt if self._exchanges else None
        if attempt is None or not attempt.congested:
            super().resume_reading()

    # ── the reader's side ────────────────────────────────────────────────────────────────────

    def begin_exchange(self, method: bytes) -> None:
        """A head has come, and is good: find its pool and begin, or wait for those before it."""
        self.since = 0.0
        proxy, head = self.proxy, self._reader.head
        pool = proxy.table.match(head.host_name, head.target)
        if pool is None:
            raise Refusal(404, "no route leads anywhere from this host and path")
        exchange = Exchange(proxy, self, pool, method, head.target)
        head.fill(exchange, proxy.rng)
        if pool.keyed:
            self._take_key(exchange, pool)
        self._served += 1
        if self._served >= self._reader.most_requests:
            exchange.keep_alive = False
        self._reader.exchange = exchange
        self._exchanges.append(exchange)
        if len(self._exchanges) == 1:
            exchange.begin()
        else:
            self.pause_reading()  # pipelined: it waits, and nothing more is read meanwhile

    def _take_key(self, exchange: Exchange, pool: Pool) -> None:
        """Find what the pool's algorithm goes by, where that is not the client's address."""
        head = self._reader.head
        stickiness = self.proxy.stickiness.get(pool.name)
        if stickiness is not None:
            named = stickiness.endpoint(pool.name, head.cookie(stickiness.cookie))
            exchange.stay = Stay(stickiness, pool, named, secure=head.scheme == b"https")
            exchange.key = exchange.stay.key
        elif pool.key is not None:
            exchange.key = head.hash_key(pool.key) or exchange.key

    def hold_for_upgrade(self, behind: bytes) -> bool:
        """Whether the last request asks for a WebSocket, so that what is behind it must wait."""
        if not self._exchanges or not self._exchanges[-1].upgrade:
            return False
        self._undecided, self._held = self._exchanges[-1], behind
        self.pause_reading()
        return True

    def _flush_attempt(self) -> None:
        """Write to the endpoint what has gathered for it."""
        if self._exchanges:
            attempt = self._exchanges[0].attempt
            if attempt is not None:
                attempt.flush()

    def send(self, data: bytes) -> None:
        """Write this, after what has gathered."""
        self.out.append(data)
        self.flush()

    # ── the exchange's side ──────────────────────────────────────────────────────────────────

    def enter_tunnel(self, exchange: Exchange) -> None:
        """From now on octets go to the endpoint as they are, first those that were held."""
        self._tunnel, self._undecided = exchange, None
        held, self._held = self._held, b""
        if held:
            exchange.to_endpoint(held)
        self.resume_reading()

    def exchange_over(self, exchange: Exchange, now: float, *, cut: bool) -> None:
        """The exchange is done, now: close, or turn to the next request."""
        exchanges = self._exchanges
        if exchanges and exchanges[0] is exchange:
            exchanges.popleft()
        elif exchange in exchanges:
            exchanges.remove(exchange)
        if self.transport.is_closing():
            return
        if cut:
            self._turn_away()
        elif not exchange.keep_alive or self.proxy.draining:
            if exchange is self._reader.exchange and not exchange.request_whole:
                self._reader.exchange = None  # the rest of its request is still on the way
                self._linger()
            else:
                self.refused = True
                self.since = now
                self.transport.close()
        elif self._exchanges:  # soon, not now: a thousand pipelined requests must not nest
            self.proxy.loop.call_soon(self._begin_next)
        else:
            self.since = now
        if exchange is self._undecided:
            self.proxy.loop.call_soon(self._go_on_as_http)
        elif self._paused:
            self.resume_reading()

    def _go_on_as_http(self) -> None:
        """The WebSocket was refused: what was held back is the next request."""
        held, self._held = self._held, b""
        self._undecided = None
        if held:
            self.data_received(held)
        self.resume_reading()

    # ── ends ─────────────────────────────────────────────────────────────────────────────────

    def _begin_next(self) -> None:
        """Turn to the request that has waited longest."""
        if self._exchanges:
            exchange = self._exchanges[0]
            exchange.take_turn()
            self._flush_attempt()

    def _turn_away(self) -> None:
        self.refused = True
        self.transport.abort()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer a request that goes nowhere, once those before it are answered, and close."""
        self.refused = True
        self.proxy.refused[refusal.status] = self.proxy.refused.get(refusal.status, 0) + 1
        broken = self._reader.exchange
        if broken is not None and broken is self._exchanges[0]:
            broken.reject(refusal.status, refusal.detail)
            return
        self._reader.exchange = None
        if broken is not None:
            self._exchanges.remove(broken)
        if self._exchanges:  # an answer now would be taken for the answer to an earlier request
            self._exchanges[-1].keep_alive = False
            return
        self.transport.write(heads.own_answer(refusal.status, refusal.detail, b"", close=True))
        self._linger()

    def _linger(self) -> None:
        """Say no more, read no more than it takes for the client to have the answer, then close."""
        self.refused = True
        self.since = self.proxy.now()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:  # TLS has no half-close
            self.transport.close()

    def close_if_idle(self) -> None:
        """Close unless a request is being served or is on its way in."""
        if not self._exchanges and not self._reader.begun:
            self.transport.close()

    def _octets_untaken(self) -> int:
        """Octets that we wrote and the client has not taken yet."""
        octets = self.transport.get_write_buffer_size()
        if not octets and self.transport.is_closing():  # TLS forgets what it has encrypted
            octets = in_kernel(self.transport)
        return octets

    def expire(self, now: float) -> None:
        """Close if the client took too long over a head or an answer, or was idle too long."""
        if not self.since or self._exchanges:
            return
        timeouts = self.proxy.table.config.timeouts
        untaken = self._octets_untaken()
        if untaken != self._untaken:  # it still reads its last answer, however slowly
            self._untaken, self.since = untaken, now
        waited = now - self.since
        if untaken:
            if waited > timeouts.between:
                self.transport.abort()  # a close would wait for ever for it to read the rest
        elif self.refused:
            if waited > LINGER:
                self.transport.abort()
        elif self._reader.begun:
            if waited > timeouts.head:
                self._refuse(Refusal(408, "the request's head did not come in time"))
        elif waited > timeouts.idle:
            self.refused, self.since = True, now  # or a TLS peer that is gone is waited for
            self.transport.close()
