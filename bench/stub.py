"""The endpoints of the benchmarks: four ports, one process, an answer of a login's size.

Written to cost as little as Python can, since it shares a core with the load generator:

  python -m bench.stub PORT...

`GET /stream?N` answers N octets, as fast as they are taken; everything else gets the fixed answer.
"""

import asyncio
import re
import sys
from typing import cast

import uvloop

TOKEN = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9." + "x" * 214 + "." + "y" * 86
BODY = (
    f'{{"access_token": "{TOKEN}", "session_id": "018f3f63-7d3a-7c52-9f4e-0123456789ab", '
    '"expires_at": "2026-01-01T00:00:00Z"}'
).encode()
ANSWER = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: %d\r\nCache-Control: no-store\r\nX-Served-By: stub\r\n\r\n%b"
    % (len(BODY), BODY)
)
"""What authsvc answers to a login, to the octet's size."""

PIECE = b"e" * 65536
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Stub(asyncio.Protocol):
    """One connection: cuts requests apart by Content-Length and answers each."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self._waiting = b""
        self._left = 0
        """Octets of a stream still to be written."""
        self._writable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        waiting = self._waiting + data
        while True:
            end = waiting.find(b"\r\n\r\n")
            if end < 0:
                break
            length = LENGTH.search(waiting, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(waiting) < whole:
                break
            self._answer(waiting[:end])
            waiting = waiting[whole:]
        self._waiting = waiting

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"GET /stream?"):
            self._left = int(head[12 : head.index(b" ", 12)])
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % self._left)
            self._stream()
        elif b"\r\ntransfer-encoding:" in head.lower():  # would be misread: say so, loudly
            self.transport.write(b"HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\n\r\n")
            self.transport.close()
        else:
            self.transport.write(ANSWER)

    def _stream(self) -> None:
        while self._left and self._writable and not self.transport.is_closing():
            self.transport.write(PIECE[: self._left])
            self._left -= min(self._left, len(PIECE))

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._stream()


async def serve(ports: list[int]) -> None:
    """Answer on all these ports until the process is ended."""
    loop = asyncio.get_running_loop()
    for port in ports:
        await loop.create_server(Stub, "127.0.0.1", port, backlog=4096)
    await loop.create_future()


if __name__ == "__main__":
    uvloop.run(serve([int(port) for port in sys.argv[1:]]))
