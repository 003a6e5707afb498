"""The access log: one JSON line for each exchange, formatted and written off the hot path.

An exchange costs one `append`; a tick hands what has gathered to a thread. Query strings are left
out, since people put tokens there; and no octet that a client sends can break a line of JSON.
"""

import errno
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from io import FileIO
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from balancer.net.exchange import Exchange

MOST_WAITING = 100_000
"""Lines that may wait for a disk that does not keep up; more are dropped, and counted."""


class AccessLog:
    """Gathers lines; `write` puts them where they belong."""

    def __init__(
        self, path: str, sample: float, rng: Random, clock: Callable[[], float], wall: float
    ) -> None:
        """`clock` is the loop's, `wall` the Unix time at which that clock would read 0.

        Raises OSError if the file cannot be opened. A rotated file is left by opening the path
        again, as another AccessLog: each writes whole lines to the end, so both may go on.
        """
        self.path = path
        self.sample = sample
        self.dropped = 0
        self._random = rng.random
        self._clock = clock
        self._wall = wall
        self._waiting: list[tuple[Any, ...]] = []
        self._second, self._stamped = -1, ""
        self._writing = threading.Lock()
        self._file = _open(path)

    def note(self, exchange: "Exchange", outcome: str, code: str) -> None:
        """Keep what the line needs of an exchange that ended now, if it is in the sample."""
        if outcome == "ok" and self.sample < 1 and self._random() >= self.sample:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        endpoint = exchange.endpoint
        self._waiting.append((
            self._clock(), exchange.begun, exchange.sent, exchange.first_octet,
            exchange.request_id, exchange.key, exchange.method, exchange.target,
            code, outcome, exchange.pool.name, endpoint.name if endpoint else "",
            len(exchange.tried),
        ))  # fmt: skip

    def take(self) -> list[tuple[Any, ...]]:
        """What has gathered since this was last asked."""
        taken, self._waiting = self._waiting, []
        return taken

    def write(self, notes: list[tuple[Any, ...]]) -> None:
        """Format and write; runs in a thread. Raises OSError if the disk refuses."""
        with self._writing:
            rest = memoryview("".join([self._line(*note) for note in notes]).encode())
            while rest:
                written = self._file.write(rest)
                if written is None:  # only a pipe that somebody made non-blocking
                    raise BlockingIOError(errno.EAGAIN, "whoever reads it does not keep up")
                rest = rest[written:]

    def close(self) -> None:
        """Write what is left, once a `write` under way is done, and close the file.

        Raises OSError if the disk refuses; the lines are lost then, and counted in `dropped`.
        """
        notes = self.take()
        try:
            self.write(notes)
        except OSError:
            self.dropped += len(notes)
            raise
        finally:
            with self._writing:
                self._file.close()

    def _line(
        self, ended: float, begun: float, sent: float, first: float,
        request_id: bytes, key: bytes, method: bytes, target: bytes, *rest: Any,
    ) -> str:  # fmt: skip
        """JSON by hand, a third of the cost of `json.dumps`: only the path can need escaping.

        Ids, methods, names and codes are made of characters that JSON takes as they are.
        """
        code, outcome, pool, endpoint, retried = rest
        client = ".".join(map(str, key)) if len(key) == 4 else key.hex(":", 2)
        path = json.dumps(target.partition(b"?")[0].decode("latin-1"))
        connect = f"{sent - begun:.6f}" if sent else "null"
        answer = f"{first - begun:.6f}" if first else "null"
        return (
            f'{{"at": "{self._stamp(self._wall + begun)}", "request_id": "{request_id.decode()}", '
            f'"client": "{client}", "method": "{method.decode()}", "path": {path}, '
            f'"status": {code or "null"}, "outcome": "{outcome}", "pool": "{pool}", '
            f'"endpoint": "{endpoint}", "attempts": {retried + bool(sent)}, '
            f'"connect_s": {connect}, "answer_s": {answer}, "total_s": {ended - begun:.6f}}}\n'
        )

    def _stamp(self, moment: float) -> str:
        """RFC 3339 with milliseconds; the part down to the second is made once a second."""
        second = int(moment)
        if second != self._second:
            self._second = second
            self._stamped = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._stamped}.{int((moment - second) * 1000):03d}+00:00"


def _open(path: str) -> FileIO:
    """Without a buffer: what the disk refused must not come again, after lines that it took."""
    if path == "-":
        return FileIO(1, "a", closefd=False)
    return FileIO(path, "a")
