"""How an exchange ended, and why an attempt failed: whose fault, what the client is told."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal[
    "ok", "client_gone", "timeout", "connect_failed", "bad_response", "shed", "no_endpoint"
]

OUTCOMES: dict[Outcome, str] = {
    "ok": "",
    "client_gone": "",
    "timeout": "504",
    "connect_failed": "502",
    "bad_response": "502",
    "shed": "503",
    "no_endpoint": "503",
}
"""Every way in which an exchange can end, with the code that the client then gets from us.

`ok` means that the endpoint answered; the code is then the endpoint's own.
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed.

    `outcome` says whose fault it was, `detail` is for the log and the client's body.
    """

    outcome: Outcome
    detail: str
    reached: bool = True
    """Whether the request may have reached the endpoint: then only an idempotent one is retried."""

    @property
    def status(self) -> int:
        """The status with which the client is answered (RFC 9110 section 15.6)."""
        return int(OUTCOMES[self.outcome])


NO_ENDPOINT = Failure("no_endpoint", "no endpoint of the pool is ready", reached=False)
QUEUE_FULL = Failure("shed", "every endpoint is busy, and so is the queue", reached=False)
QUEUE_TIMEOUT = Failure("shed", "every endpoint was busy for too long", reached=False)
CONNECT_FAILED = Failure("connect_failed", "the endpoint refused the connection", reached=False)
CONNECT_TIMEOUT = Failure(
    "connect_failed", "the endpoint did not accept the connection in time", reached=False
)
ANSWER_TIMEOUT = Failure("timeout", "the endpoint did not answer in time")
CLOSED_EARLY = Failure("bad_response", "the endpoint closed the connection before it had answered")
MALFORMED = Failure("bad_response", "the endpoint's answer was not valid HTTP/1.1")

IDEMPOTENT = frozenset([b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"])
"""Methods that may be done twice with the effect of once (RFC 9110 section 9.2.2)."""


def is_failure(outcome: Outcome, code: str) -> bool:
    """Whether an attempt that ended so speaks against its endpoint: no answer, or a 5xx."""
    return outcome not in ("ok", "client_gone") or code[:1] == "5"


def may_repeat(reason: Failure, method: bytes, *, bodiless: bool) -> bool:
    """Whether an attempt that failed so may be made elsewhere (RFC 9110 section 9.2.2).

    Always if the endpoint cannot have seen it; else only if twice is as good as once and there is
    no body, of which we keep nothing once it was sent. So never for a login that reached an
    instance.
    """
    return not reason.reached or (bodiless and method in IDEMPOTENT)
