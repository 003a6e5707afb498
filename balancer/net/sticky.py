"""Sticky sessions: a signed cookie names the endpoint that served a client first.

Signed, so that a client can stay where it was put but not choose where to go. The rule when that
endpoint cannot serve: if it is gone (down, drained, ejected), the client moves for good and gets a
new cookie; if it is only full or still cold, another serves this once and the cookie stays.
"""

import hashlib
import hmac
from dataclasses import dataclass

from balancer.core.endpoint import Endpoint
from balancer.core.pool import Pool

DIGITS = 32
"""Hex digits of the signature: 128 bits of HMAC-SHA256 (RFC 2104 section 5 allows to cut it)."""

LEAST_SECRET = 32
"""Octets of a secret at the least: as many as the hash has (RFC 2104 section 3)."""


@dataclass(frozen=True, slots=True)
class Stickiness:
    """A pool's cookie and the secret that signs it."""

    cookie: bytes
    secret: bytes

    def sign(self, pool: str, endpoint: str) -> bytes:
        """The cookie's value for an endpoint."""
        return endpoint.encode() + b"." + self._signature(pool, endpoint.encode())

    def endpoint(self, pool: str, value: bytes | None) -> str | None:
        """The endpoint that a cookie names, if we signed it for this pool."""
        if value is None:
            return None
        name, _, signature = value.rpartition(b".")
        if not hmac.compare_digest(signature, self._signature(pool, name)):
            return None
        return name.decode("ascii", "replace")

    def _signature(self, pool: str, endpoint: bytes) -> bytes:
        message = pool.encode() + b"\0" + endpoint
        digest = hmac.new(self.secret, message, hashlib.sha256).hexdigest()
        return digest[:DIGITS].encode()


@dataclass(slots=True)
class Stay:
    """What one exchange has to do with it: where its client has been, and what it is told."""

    stickiness: Stickiness
    pool: Pool
    named: str | None
    """The endpoint in the client's cookie."""
    secure: bool
    """Whether the client came by TLS."""

    @property
    def key(self) -> bytes:
        """What the algorithm is asked with."""
        return b"endpoint:" + self.named.encode() if self.named else b""

    def line(self, endpoint: Endpoint) -> bytes:
        """The field that the client's answer gets, if it was not served where it should stay."""
        if endpoint.name == self.named or self.named in {one.name for one in self.pool.ready}:
            return b""
        value = self.stickiness.sign(self.pool.name, endpoint.name)
        attributes = b"; Path=/; HttpOnly; SameSite=Lax" + (b"; Secure" if self.secure else b"")
        return b"".join((b"Set-Cookie: ", self.stickiness.cookie, b"=", value, attributes, b"\r\n"))
