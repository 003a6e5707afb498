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

    @property
    def status(self) -> int:
        """The status with which the client is answered (RFC 9110 section 15.6)."""
        return int(OUTCOMES[self.outcome])


NO_ENDPOINT = Failure("no_endpoint", "no endpoint of the pool is ready")
CONNECT_FAILED = Failure("connect_failed", "the endpoint refused the connection")
CONNECT_TIMEOUT = Failure("connect_failed", "the endpoint did not accept the connection in time")
ANSWER_TIMEOUT = Failure("timeout", "the endpoint did not answer in time")
CLOSED_EARLY = Failure("bad_response", "the endpoint closed the connection before it had answered")
MALFORMED = Failure("bad_response", "the endpoint's answer was not valid HTTP/1.1")
