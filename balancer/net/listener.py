"""The listening socket: plain or TLS, and peers that announce their client by PROXY protocol."""

import asyncio
import ipaddress
import socket
import ssl
from typing import TYPE_CHECKING

from balancer.config import Config, Tls
from balancer.core import forwarded
from balancer.core.proxy_protocol import LONGEST, NotProxyProtocol, Preface, read_preface
from balancer.net.client import ClientConnection

if TYPE_CHECKING:
    from balancer.net.proxy import Proxy

BACKLOG = 4096
"""Connections that the kernel keeps until we accept them: a reconnecting fleet arrives at once."""


def tls_context(tls: Tls) -> ssl.SSLContext:
    """A server's context: TLS 1.2 or newer, HTTP/1.1 only. Raises OSError (ssl.SSLError is one)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    load_certificate(context, tls)
    return context


def load_certificate(context: ssl.SSLContext, tls: Tls) -> None:
    """Use these files for new handshakes; raises OSError, with the name of the file at fault."""
    try:
        context.load_cert_chain(tls.certificate, tls.key)
    except ssl.SSLError as error:
        message = f"not a PEM certificate and its key ({error.reason or error})"
        raise OSError(0, message, f"{tls.certificate}, {tls.key}") from error
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{tls.certificate} or {tls.key}") from error


class Listener:
    """Accepts clients for a proxy until it is closed."""

    def __init__(self, proxy: "Proxy", config: Config) -> None:
        self._proxy = proxy
        self._context = tls_context(config.tls) if config.tls else None
        self._server: asyncio.Server | None = None
        self._socket: socket.socket | None = None

    async def start(self, config: Config) -> None:
        """Listen; raises OSError if that is not to be had."""
        loop, (host, port) = self._proxy.loop, config.listen
        if not config.proxy_protocol:
            self._server = await loop.create_server(
                lambda: ClientConnection(self._proxy), host, port,
                ssl=self._context, backlog=BACKLOG, reuse_address=True,
            )  # fmt: skip
            return
        # A preface stands before the TLS handshake, so here we accept sockets ourselves.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        self._socket.setblocking(False)
        self._proxy.spawn(self._accept(self._socket))

    def renew(self, tls: Tls) -> None:
        """Read the certificate again; handshakes from now on use it. Raises OSError."""
        if self._context is not None:
            tls_context(tls)  # the running context is not touched by files that do not fit
            load_certificate(self._context, tls)

    def close(self) -> None:
        """Accept no more."""
        if self._server is not None:
            self._server.close()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _accept(self, listening: socket.socket) -> None:
        while self._socket is not None:
            try:
                accepted, peer = await self._proxy.loop.sock_accept(listening)
            except OSError:  # closed, or out of descriptors: then the next one may have better luck
                await asyncio.sleep(0.01)
                continue
            self._proxy.spawn(self._take_on(accepted, str(peer[0])))

    async def _take_on(self, accepted: socket.socket, peer: str) -> None:
        """Read the preface, if this peer sends one, and hand the socket to a client connection."""
        loop, config = self._proxy.loop, self._proxy.table.config
        announced: str | None = None
        try:
            if forwarded.within(ipaddress.ip_address(peer), config.proxy_protocol):
                async with asyncio.timeout(config.timeouts.head):
                    announced = (await self._preface(accepted)).client
            await loop.connect_accepted_socket(
                lambda: ClientConnection(self._proxy, announced), accepted, ssl=self._context
            )
        except (NotProxyProtocol, OSError):  # TimeoutError is one; so is a failed handshake
            self._proxy.refused[400] += 1
            accepted.close()

    async def _preface(self, accepted: socket.socket) -> Preface:
        """Take exactly the preface out of the socket; what follows stays for who comes next."""
        loop, seen = self._proxy.loop, 0
        while True:
            data = accepted_peek(accepted)
            preface = read_preface(data) if data else None
            if preface is not None:
                accepted.recv(preface.length)
                return preface
            if data is not None and len(data) == seen:
                raise NotProxyProtocol("the peer closed before its header was whole")
            seen = len(data or b"")
            await self._readable(accepted, loop, seen)

    @staticmethod
    async def _readable(
        accepted: socket.socket, loop: asyncio.AbstractEventLoop, seen: int
    ) -> None:
        """Wait until there is more than was seen."""
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, seen + 1)
        ready = asyncio.Event()
        descriptor = accepted.fileno()
        loop.add_reader(descriptor, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(descriptor)
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)


def accepted_peek(accepted: socket.socket) -> bytes | None:
    """What has come so far, left in the socket; None if nothing has."""
    try:
        return accepted.recv(LONGEST, socket.MSG_PEEK)
    except BlockingIOError:
        return None
