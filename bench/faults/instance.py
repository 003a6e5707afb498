"""A stub instance: answers after its service time, and writes down every request it executes.

  python -m bench.faults.instance --name auth-1 --port 19111 --journal auth-1.journal

The journal gets one line by one write(2) to a file opened with O_APPEND when a request has arrived
whole (`begin ID METHOD`) and one when its work is done (`end ID`). What write(2) has taken is the
kernel's, so kill -9 of this process loses none of it. Probes (`/readyz`) are not written down.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, urlsplit

import uvloop
from httptools import HttpParserError, HttpRequestParser


class Journal:
    """The instance's account of what it did."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, *words: str) -> None:
        """Add a line; it survives the death of this process, though not of the machine."""
        os.write(self._descriptor, (" ".join(words) + "\n").encode())


class Instance(asyncio.Protocol):
    """One connection from a proxy: keep-alive, one request at a time."""

    def __init__(self, name: str, journal: Journal, service_time: float) -> None:
        self._name = name
        self._journal = journal
        self._service_time = service_time
        self._transport: asyncio.Transport
        self._parser = HttpRequestParser(self)
        self._url = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self._transport.abort()

    def on_message_begin(self) -> None:
        self._url = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_message_complete(self) -> None:
        keep_alive = self._parser.should_keep_alive()
        url = urlsplit(self._url.decode("latin-1"))
        if url.path == "/readyz":
            self._answer("ready", keep_alive)
            return
        identity = parse_qs(url.query)["id"][0]
        self._journal.write("begin", identity, self._parser.get_method().decode())
        asyncio.get_running_loop().call_later(self._service_time, self._done, identity, keep_alive)

    def _done(self, identity: str, keep_alive: bool) -> None:
        self._journal.write("end", identity)
        self._answer(identity, keep_alive)

    def _answer(self, body: str, keep_alive: bool) -> None:
        if self._transport.is_closing():
            return
        end = "" if keep_alive else "Connection: close\r\n"
        self._transport.write(
            f"HTTP/1.1 200 OK\r\nX-Served-By: {self._name}\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(body)}\r\n{end}\r\n{body}".encode()
        )
        if not keep_alive:
            self._transport.close()


async def serve(name: str, port: int, journal: Journal, service_time: float) -> None:
    """Serve until SIGTERM."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await loop.create_server(
        lambda: Instance(name, journal, service_time), "127.0.0.1", port, backlog=1024
    )
    await stop.wait()


def main(argv: Sequence[str]) -> int:
    """Run one instance; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults.instance", description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--journal", required=True, type=Path)
    parser.add_argument("--service-time", type=float, default=0.1, metavar="SECONDS")
    options = parser.parse_args(argv)
    uvloop.run(serve(options.name, options.port, Journal(options.journal), options.service_time))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
