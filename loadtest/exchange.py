"""One finished login as the client saw it, and its JSON line.

The line crosses the control channel from the Locust process to the runner, and is what
`exchanges.jsonl` beside a report holds. All moments are `time.monotonic()` seconds, which
processes of one machine share.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

OK = "ok"
TIMEOUT = "timeout"
CONNECT_FAILED = "connect_failed"
CONNECTION_LOST = "connection_lost"
BAD_ANSWER = "bad_answer"
DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What became of arrival `n` of a phase.

    `due` is the intended start, `sent` the moment its first byte was handed to the socket (None:
    it never was), `done` when the answer was read or the client gave up. `outcome` is `ok`,
    `http_NNN` for any other answer, or why there was none: `timeout` (patience ran out),
    `connect_failed`, `connection_lost`, `bad_answer`; `dropped` means that the *generator* was at
    its in-flight cap, so the login never existed. `status` 0 means no answer.
    """

    phase: str
    n: int
    due: float
    sent: float | None
    done: float
    outcome: str
    status: int = 0
    served_by: str = ""
    source: str = ""

    @property
    def answered(self) -> bool:
        """True when any HTTP answer came, a refusal included."""
        return self.status > 0

    @property
    def latency(self) -> float:
        """Seconds from the intended start: what the user waited, the generator's lag included."""
        return self.done - self.due

    @property
    def latency_from_send(self) -> float | None:
        """Seconds from the first byte sent, None when nothing was sent."""
        return None if self.sent is None else self.done - self.sent

    @property
    def lag(self) -> float | None:
        """Seconds by which the first byte left late, None when nothing was sent."""
        return None if self.sent is None else self.sent - self.due

    def event(self) -> dict[str, Any]:
        """The event as the control channel and `exchanges.jsonl` carry it."""
        return {"event": "exchange", **asdict(self)}

    @staticmethod
    def of_event(event: dict[str, Any]) -> "Exchange":
        """Read an event back. Raises TypeError when a field is missing or unknown."""
        return Exchange(**{name: value for name, value in event.items() if name != "event"})


def to_line(message: dict[str, Any]) -> bytes:
    """One message as one line of JSON, newline included."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
