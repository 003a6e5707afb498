"""The Locust process's end of the control channel: commands in, events out, a JSON line each.

The channel is a socket that the runner made and left open across the start of this process; its
number is in EVENHAND_CONTROL_FD. When the runner disappears, so does the channel, and the load
ends: a generator never outlives the one who asked for it.
"""

import json
from collections.abc import Iterator
from typing import Any

import gevent
import gevent.socket
from gevent.queue import Queue

from loadtest.exchange import to_line

VARIABLE = "EVENHAND_CONTROL_FD"


class ControlChannel:
    """Reads commands and writes events on an inherited socket."""

    def __init__(self, fd: int) -> None:
        self._socket = gevent.socket.socket(fileno=fd)
        self._outbox: Queue[bytes | None] = Queue()
        # One writer: lines of greenlets that finish together must not interleave.
        self._writer = gevent.spawn(self._write)

    def commands(self) -> Iterator[dict[str, Any]]:
        """Yield commands until the runner closes its end. Raises ValueError on a broken line."""
        with self._socket.makefile("rb") as lines:
            try:
                for line in lines:
                    yield json.loads(line)
            except ConnectionError:
                return  # the runner was killed, which closes the channel just as well

    def tell(self, event: dict[str, Any]) -> None:
        """Queue one event; it is sent in order, without blocking the caller."""
        self._outbox.put(to_line(event))

    def close(self) -> None:
        """Send what is queued and close."""
        self._outbox.put(None)
        self._writer.join()
        self._socket.close()

    def _write(self) -> None:
        for line in self._outbox:
            if line is None:
                return
            try:
                self._socket.sendall(line)
            except OSError:
                return  # nobody listens any more; `commands` ends too, and the process with it
