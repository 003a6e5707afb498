"""Connections of the load generator: one geventhttpclient client per source address.

Why not `FastHttpUser`: its session has one connection pool for one (unbound) source and 10
connections at a time, which turns open arrivals into closed ones. This is the client that
`FastHttpUser` itself stands on, with a pool as large as the in-flight cap for every source.
"""

import ipaddress
import logging
import socket
import sys
import time
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

import gevent.socket
from geventhttpclient.client import HTTPClient

log = logging.getLogger(__name__)


class Stamp:
    """Holds when the current greenlet's request got hold of its socket (monotonic seconds)."""

    __slots__ = ("sent",)

    def __init__(self) -> None:
        self.sent: float | None = None


STAMP: ContextVar[Stamp] = ContextVar("STAMP")


class Sources:
    """HTTP clients for one base URL, one per source address.

    `bound` tells whether clients really have distinct addresses: a loopback service on a system
    where all of 127/8 can be bound (Linux). Elsewhere every source shares the machine's address,
    said once in the log.
    """

    def __init__(self, url: str, count: int, cap: int, timeout: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"--host needs a URL such as http://127.0.0.1:8080, not {url!r}")
        self.bound = can_bind(parts.hostname)
        if not self.bound:
            log.warning(
                "sources: cannot bind 127/8 towards %s; all logins share one address, so source "
                "hashes and per-source throttles see one client",
                parts.hostname,
            )
        self._names = [source_address(index) if self.bound else "" for index in range(count)]
        options = {
            "concurrency": cap,  # the default is 1: arrivals would queue behind one connection
            "connection_timeout": timeout,
            "network_timeout": timeout,
            "disable_ipv6": self.bound,
        }
        base = f"{parts.scheme}://{parts.netloc}/"
        self._clients = [_client(base, name, options) for name in self._names]

    def name(self, source: int) -> str:
        """The address that source `source` sends from; empty when sources are not bound."""
        return self._names[source]

    def client(self, source: int) -> HTTPClient:
        """The client whose connections all come from source `source`."""
        return self._clients[source]

    def close(self) -> None:
        """Close every idle connection."""
        for client in self._clients:
            client.close()


def source_address(index: int) -> str:
    """The loopback address of source `index`: 127.10.0.1, 127.10.1.1, … each in a /24 of its own.

    As in life, where clients seldom share a /24 and source hashes look no further than that.
    """
    high, low = divmod(index, 250)
    return f"127.{10 + high}.{low}.1"


def can_bind(host: str) -> bool:
    """True when connections to `host` may come from any address in 127/8."""
    if host != "localhost":
        try:
            if not ipaddress.ip_address(host).is_loopback or ":" in host:
                return False
        except ValueError:
            return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((source_address(0), 0))
        except OSError:
            return False
    return True


def _client(url: str, source: str, options: dict[str, Any]) -> HTTPClient:
    """An HTTP client whose connection pool binds `source` and stamps each request.

    The pool's methods are replaced on the instance: geventhttpclient has no other hook, and this
    one serves its plain and its TLS pool alike.
    """
    client = HTTPClient.from_url(url, **options)
    pool = client._connection_pool
    take = pool.get_socket

    def create(family: int, kind: int, protocol: int) -> Any:
        sock = gevent.socket.socket(family, kind, protocol)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source:
            if sys.platform == "linux":  # choose the port at connect: no port is held twice
                sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind((source, 0))
        return sock

    def get_socket() -> Any:
        sock = take()
        # The client writes the request as its very next step, so this is the moment at the
        # socket: waiting for the pool, the connection and the TLS handshake lie behind.
        STAMP.get().sent = time.monotonic()
        return sock

    pool._create_tcp_socket = create
    pool.get_socket = get_socket
    return client


IP_BIND_ADDRESS_NO_PORT = 24
"""From Linux's <linux/in.h>; Python's socket module names it only from 3.12 on."""
