"""One request's head: its fields as they come, the checks, and the head that the endpoint gets."""

import re
from collections.abc import Iterator, Sequence
from itertools import product
from random import Random
from typing import TYPE_CHECKING

from httptools import HttpRequestParser

from balancer.core import forwarded, trace
from balancer.core.forwarded import Address, Network
from balancer.core.hash_key import HashKey, cookie
from balancer.net import heads
from balancer.net.heads import HOP_BY_HOP, Lines, Refusal

if TYPE_CHECKING:
    from balancer.net.exchange import Exchange

_READ = HOP_BY_HOP | {
    b"host",
    b"content-length",
    b"expect",
    b"forwarded",
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-forwarded-host",
    b"x-request-id",
    b"traceparent",
    b"tracestate",
}
"""Fields that end here, or that the balancer reads and writes anew."""


def _misspelt(name: bytes) -> set[bytes]:
    """The name with underscores for some or all of its hyphens."""
    ways = product(*(b"-_" if octet == ord("-") else (octet,) for octet in name))
    return {bytes(way) for way in ways} - {name}


SPECIAL = _READ | frozenset[bytes]().union(*map(_misspelt, _READ))
"""Those, and what applications may take for them: CGI and WSGI make underscores of hyphens
(RFC 3875 section 4.1.18), so X_Forwarded_For would stand where ours does (Django's CVE-2015-0219).
Nobody reads the misspelt ones, which drops them, at no cost. Other names with an underscore pass;
nginx drops all of them by default, and loses honest ones like api_key."""

_HOST = re.compile(rb"(?:[A-Za-z0-9._~%!$&'()*+;=-]*|\[[A-Za-z0-9:._~%!$&'()*+;=-]+\])(?::[0-9]*)?")
"""A host and port (RFC 3986 section 3.2.2), less the comma that would make it a list."""

UPGRADES = (b"websocket",)
"""Protocols that are switched to. Not h2c: its smuggling past proxies is well known."""


class RequestHead:
    """The head that is being read on one connection; `begin` makes it ready for the next."""

    __slots__ = (
        "_forwarding",
        "_forwarding_host",
        "_lines",
        "_peer",
        "_special",
        "_trusted",
        "_version_1_0",
        "_whole",
        "host",
        "host_name",
        "most_body",
        "most_fields",
        "scheme",
        "target",
    )  # fmt: skip

    def __init__(self, peer: Address, scheme: bytes, trusted: Sequence[Network]) -> None:
        self._peer = peer
        self.scheme = scheme
        self._trusted = tuple(trusted) if forwarded.within(peer, trusted) else ()
        """The trusted networks, if the peer itself is in one of them."""
        self.most_fields = self.most_body = 0
        """Limits; the body's is known here by its announced length."""
        self._lines: Lines = []
        self._special: dict[bytes, bytes] = {}
        self._version_1_0 = False
        self._whole = False
        self._forwarding = b""
        """What this connection's requests to `_forwarding_host` say of their client."""
        self._forwarding_host: bytes | None = None
        self.target = b""
        self.host = b""
        self.host_name = b""
        """The host without its port, for the routes."""

    def begin(self) -> None:
        """Forget the last request."""
        self.target = b""
        self._lines = []
        self._special = {}
        self._whole = False

    def field(self, name: bytes, value: bytes) -> None:
        """Take one field in; raises Refusal for one that must not be repeated, or one too many.

        After `check` come only trailers, which are dropped (RFC 9110 section 6.5.1 allows it).
        """
        if self._whole:
            return
        lower = name.lower()
        if lower not in SPECIAL:
            lines = self._lines
            lines += (name, b": ", value, b"\r\n")
            if len(lines) > 4 * self.most_fields:
                raise Refusal(431, "more header fields than the limit")
            return
        value = value.rstrip(b" \t")  # RFC 9110 section 5.5; llhttp takes the left side only
        special = self._special
        if lower in special:
            if lower in (b"host", b"traceparent"):
                if lower == b"host":
                    raise Refusal(400, "more than one Host field")
                value = b""  # two contradict each other: a new one is made
            else:
                value = special[lower] + b", " + value
        special[lower] = value

    def size(self) -> int:
        """Octets of the target and the fields, about as the client sent them."""
        special = sum(len(name) + len(value) for name, value in self._special.items())
        return len(self.target) + sum(map(len, self._lines)) + special

    def check(self, method: bytes, parser: HttpRequestParser, chunk: bytes) -> None:
        """Refuse what llhttp lets through but two readers could understand in two ways.

        `chunk` is octets in which this head stands: llhttp takes RTSP and ICE for HTTP.
        """
        special = self._special
        self._whole = True
        self._version_1_0 = False
        # Without a Connection field, only HTTP/1.1 is kept alive: no need to ask for the version,
        # which costs 0.4 µs.
        if b"connection" in special or not parser.should_keep_alive():
            self._check_version(parser.get_http_version())
        # find, since `in` first raises and drops a TypeError for bytes in bytes: 0.4 µs each.
        if (chunk.find(b" RTSP/") >= 0 or chunk.find(b" ICE/") >= 0) and self._foreign(
            method, chunk
        ):
            raise Refusal(400, "this is not HTTP")
        if method == b"CONNECT":
            raise Refusal(501, "this is a reverse proxy; it opens no tunnels")
        coding = special.get(b"transfer-encoding")
        if coding is not None and (self._version_1_0 or coding.lower() != b"chunked"):
            raise Refusal(400, "no transfer coding but chunked, and that only in HTTP/1.1")
        if b"upgrade" in special and (coding is not None or b"content-length" in special):
            raise Refusal(400, "an Upgrade request with a body is not understood here")
        length = special.get(b"content-length")
        if length is not None and int(length) > self.most_body:
            raise Refusal(413, "the body is larger than the limit")
        host = special.get(b"host")
        if host is None and not self._version_1_0:
            raise Refusal(400, "no Host field")
        self._locate(host or b"")

    def _check_version(self, version: str) -> None:
        self._version_1_0 = version == "1.0"
        if version not in ("1.1", "1.0"):
            raise Refusal(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")

    def _foreign(self, method: bytes, chunk: bytes) -> bool:
        """Whether the start line names a protocol other than HTTP."""
        start = rb"(?:^|\n)%b +%b +(?:RTSP|ICE)/" % (re.escape(method), re.escape(self.target))
        return re.search(start, chunk) is not None

    def _locate(self, host: bytes) -> None:
        """Host (lower case) and target in origin form (RFC 9112 section 3.2); raises Refusal."""
        target = self.target
        if target.find(b"#") >= 0:
            raise Refusal(400, "a fragment is not part of a request target")
        if target[:1] != b"/" and target != b"*":
            scheme, separator, rest = target.partition(b"://")
            if not separator or scheme.lower() not in (b"http", b"https"):
                raise Refusal(400, "the request target is neither a path nor an http URI")
            authority, _, _ = rest.partition(b"?")
            host = authority.partition(b"/")[0]
            if not host:
                raise Refusal(400, "an http URI without a host")
            path = rest[len(host) :]
            self.target = path if path.startswith(b"/") else b"/" + path
        if host == self._forwarding_host:  # as in this connection's last request: checked before
            return
        if _HOST.fullmatch(host) is None:
            raise Refusal(400, "the Host field is not a host")
        self.host = host.lower()
        name, colon, port = self.host.rpartition(b":")
        self.host_name = name if colon and (port.isdigit() or not port) else self.host
        if not self._trusted:
            self._forwarding = self._forwarding_lines({})
            self._forwarding_host = host

    def _forwarding_lines(self, before: dict[bytes, bytes]) -> bytes:
        """Host, X-Forwarded-* and Forwarded; `before` is what a trusted peer sent of them."""
        peer = str(self._peer).encode()
        proto = before.get(b"x-forwarded-proto", self.scheme)
        host = before.get(b"x-forwarded-host", self.host)
        element = b'for=%b;host="%b";proto=%b' % (
            forwarded.node(self._peer), self.host, self.scheme
        )  # fmt: skip
        return b"".join((
            b"Host: ", self.host,
            b"\r\nX-Forwarded-For: ", forwarded.appended(before.get(b"x-forwarded-for"), peer),
            b"\r\nX-Forwarded-Proto: ", proto,
            b"\r\nX-Forwarded-Host: ", host,
            b"\r\nForwarded: ", forwarded.appended(before.get(b"forwarded"), element), b"\r\n",
        ))  # fmt: skip

    def _client(self) -> Address:
        """The client that this request comes from: the peer, or whom a trusted peer names."""
        told = self._special.get(b"x-forwarded-for")
        return forwarded.client_of(self._peer, told, self._trusted) if told else self._peer

    def hash_key(self, key: HashKey) -> bytes | None:
        """What this request has of what a pool's hash is taken of; None if it has none."""
        if key.kind == "path":
            return self.target.partition(b"?")[0]
        if key.kind == "cookie":
            return self.cookie(key.name)
        return self._special.get(key.name) or next(self._values(key.name), None)

    def cookie(self, name: bytes) -> bytes | None:
        """The value of a cookie that the client sent."""
        return cookie(self._values(b"cookie"), name)

    def _values(self, name: bytes) -> Iterator[bytes]:
        """The values of a field that goes on as it is; `name` in lower case."""
        lines = self._lines
        for i in range(0, len(lines), 4):
            if lines[i].lower() == name:
                yield lines[i + 2]

    def fill(self, exchange: "Exchange", rng: Random) -> None:
        """Work out how the exchange is framed, and the head that the endpoint will get."""
        special, lines = self._special, self._lines
        exchange.version_1_0 = self._version_1_0
        exchange.keep_alive = not self._version_1_0
        ours = [self._forwarding]
        if self._trusted:
            ours = [self._forwarding_lines(special)]
            exchange.key = self._client().packed
        connection = special.get(b"connection")
        if connection is not None:
            named = heads.nominated(connection)
            lines = heads.without(lines, named)
            exchange.keep_alive = b"close" not in named and (
                not self._version_1_0 or b"keep-alive" in named
            )
            upgrade = special.get(b"upgrade", b"").lower()
            asked = b"upgrade" in named and not self._version_1_0
            if asked and upgrade in UPGRADES and exchange.method == b"GET":
                exchange.upgrade = True
                ours += (b"Connection: upgrade\r\nUpgrade: ", upgrade, b"\r\n")
        parent = special.get(b"traceparent")
        if parent is None or not trace.well_formed_trace(parent):
            parent = trace.new_trace(rng)
        elif b"tracestate" in special:
            ours += (b"tracestate: ", special[b"tracestate"], b"\r\n")
        request_id = special.get(b"x-request-id")
        if request_id is None or not trace.well_formed_id(request_id):
            request_id = parent[3:35]
        exchange.request_id = request_id
        ours += (b"X-Request-Id: ", request_id, b"\r\ntraceparent: ", parent, b"\r\n")
        if b"transfer-encoding" in special:
            exchange.request_chunked = True
            ours.append(b"Transfer-Encoding: chunked\r\n")
        elif b"content-length" in special:
            ours += (b"Content-Length: ", special[b"content-length"], b"\r\n")
        else:
            exchange.bodiless = True
            exchange.request_whole = exchange.begun  # whole before llhttp says so
        if b"expect" in special:
            ours += (b"Expect: ", special[b"expect"], b"\r\n")
        start = (exchange.method, b" ", self.target, b" HTTP/1.1\r\n")
        exchange.head = b"".join((*start, *lines, *ours, b"\r\n"))
