"""The listening socket, and what stands between accept and HTTP: PROXY protocol, TLS.

Plain HTTP is the loop's own server. Where something comes before HTTP we accept ourselves, so that
who is denied or one too many is turned away before a header is awaited or a handshake computed.
"""

import asyncio
import ipaddress
import socket
import ssl
from typing import TYPE_CHECKING

from balancer.config import Config
from balancer.core.forwarded import Address, within
from balancer.core.proxy_protocol import NotProxyProtocol
from balancer.net.client import ClientConnection
from balancer.net.preface import take_preface

if TYPE_CHECKING:
    from balancer.net.proxy import Proxy

BACKLOG = 4096
"""Connections that the kernel keeps until we accept them: a reconnecting fleet arrives at once."""

AT_ONCE = 64
"""Connections accepted before others are served again; the kernel keeps the rest meanwhile."""

BREATH = 0.1
"""Seconds without accepting after the descriptors ran out: some are given back, and no spinning."""


class Listener:
    """Accepts clients for a proxy until it is closed."""

    def __init__(self, proxy: "Proxy", tls: ssl.SSLContext | None) -> None:
        self.tls = tls
        """What new handshakes are made with. Assign another to renew the certificate."""
        self._proxy = proxy
        self._server: asyncio.Server | None = None
        self._sockets: list[socket.socket] = []

    async def start(self, config: Config) -> None:
        """Listen; raises OSError if that is not to be had."""
        loop, (host, port) = self._proxy.loop, config.listen
        if self.tls is None and not config.proxy_protocol:
            self._server = await loop.create_server(
                lambda: ClientConnection(self._proxy), host, port,
                backlog=BACKLOG, reuse_address=True,
            )  # fmt: skip
            return
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        try:
            for family, address in sorted({(one[0], one[4]) for one in found}):
                listening = socket.create_server(address[:2], family=family, backlog=BACKLOG)
                self._sockets.append(listening)
                listening.setblocking(False)
                self._listen(listening)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Accept no more; who has not come as far as HTTP is let go."""
        if self._server is not None:
            self._server.close()
        for listening in self._sockets:
            self._proxy.loop.remove_reader(listening)
            listening.close()
        self._sockets = []
        for task in list(self._proxy.arriving.values()):
            task.cancel()

    def _listen(self, listening: socket.socket) -> None:
        if listening in self._sockets:  # not closed during a breath
            self._proxy.loop.add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(AT_ONCE):
            try:
                accepted, (host, *_) = listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:  # out of descriptors or memory
                self._proxy.loop.remove_reader(listening)
                self._proxy.loop.call_later(BREATH, self._listen, listening)
                return
            self._admit(accepted, ipaddress.ip_address(host.partition("%")[0]))

    def _admit(self, accepted: socket.socket, peer: Address) -> None:
        """Turn a peer away before it costs us anything, or begin to serve it."""
        proxy, config = self._proxy, self._proxy.table.config
        if not within(peer, config.proxy_protocol) and within(peer, config.deny):
            proxy.denied += 1
            accepted.close()
        elif len(proxy.clients) + len(proxy.arriving) >= config.limits.connections:
            proxy.refused[503] += 1  # said to nobody: it could only be said after a handshake
            accepted.close()
        else:
            accepted.setblocking(False)
            proxy.arriving[accepted] = proxy.spawn(self._take_on(accepted, peer))

    async def _take_on(self, accepted: socket.socket, peer: Address) -> None:
        """Bring a connection as far as HTTP, within the time that a head may take."""
        proxy = self._proxy
        served = False
        try:
            async with asyncio.timeout(proxy.table.config.timeouts.head):
                served = await self._hand_over(accepted, peer)
        except TimeoutError:
            proxy.refused[408] += 1
        except (NotProxyProtocol, ssl.SSLError):
            proxy.refused[400] += 1
        except OSError:  # the peer went by itself, as a balancer's TCP check does
            pass
        finally:
            proxy.arriving.pop(accepted, None)
            if not served:
                accepted.close()

    async def _hand_over(self, accepted: socket.socket, peer: Address) -> bool:
        """Read who the client is and shake hands, as needed; whether it is served now."""
        proxy = self._proxy
        announced: str | None = None
        if within(peer, proxy.table.config.proxy_protocol):
            announced = (await take_preface(accepted, proxy.loop)).client
        config = proxy.table.config
        if within(ipaddress.ip_address(announced) if announced else peer, config.deny):
            proxy.denied += 1
            return False
        await proxy.loop.connect_accepted_socket(
            lambda: _Arriving(proxy, announced, accepted), accepted, ssl=self.tls,
            # Our own deadlines end a handshake and a close. The loop's must not come first: its
            # half a minute for a close would cut a slow reader in the middle of its answer.
            ssl_handshake_timeout=2 * config.timeouts.head if self.tls else None,
            ssl_shutdown_timeout=config.timeouts.exchange if self.tls else None,
        )  # fmt: skip
        return True


class _Arriving(ClientConnection):
    """A client that leaves the arriving in the moment in which it joins the others.

    Its task hears of that an iteration later, and meanwhile it would be counted twice.
    """

    def __init__(self, proxy: "Proxy", announced: str | None, accepted: socket.socket) -> None:
        super().__init__(proxy, announced)
        self._accepted = accepted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.proxy.arriving.pop(self._accepted, None)
        super().connection_made(transport)
