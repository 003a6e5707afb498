"""The load: open arrivals with a seed, every request with its own id, every fate written down.

  python -m bench.faults.client --port 19100 --run a --rate 250 --seconds 10 --out asked.jsonl

Arrivals do not wait for answers, as users do not wait for one another, and latency counts from
the moment a request was due. Nothing is retried: what a proxy loses is lost. A connection that is
seen closed is not used again; `--new-connections` uses each for one request.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import NamedTuple, cast

import uvloop
from httptools import HttpParserError, HttpResponseParser

from bench.faults.counting import Asked, Method, judge

LEAD = 0.3
"""Seconds between the word that we begin and the first request: the script sets its clock."""
POOL = 50
"""Keep-alive connections opened beforehand, used in turn: each every 200 ms at 250 a second."""


class Arrival(NamedTuple):
    """A request to come."""

    due: float
    """Seconds after the beginning."""
    method: Method


def schedule(rate: float, seconds: float, seed: int) -> list[Arrival]:
    """Poisson arrivals, GET or POST by the toss of a coin; the same for the same seed."""
    rng = Random(seed)  # noqa: S311 # arrivals must be reproducible from their seed
    arrivals: list[Arrival] = []
    due = rng.expovariate(rate)
    while due < seconds:
        arrivals.append(Arrival(due, rng.choice(("GET", "POST"))))
        due += rng.expovariate(rate)
    return arrivals


class Request:
    """One request under way, until it is settled one way or another."""

    def __init__(self, identity: str, method: Method, due: float, *, close: bool) -> None:
        """`close` asks the proxy to close the connection after its answer."""
        self.identity = identity
        self.method: Method = method
        self.due = due
        self.sent = 0.0
        self.settled: asyncio.Future[Asked] = asyncio.get_running_loop().create_future()
        body = f'{{"login": "user", "id": "{identity}"}}' if method == "POST" else ""
        self.head_and_body = (
            f"{method} /v1/sessions?id={identity} HTTP/1.1\r\nHost: auth.example\r\n"
            + ("Connection: close\r\n" if close else "")
            + (f"Content-Length: {len(body)}\r\n" if body else "")
            + f"\r\n{body}"
        ).encode()

    def settle(self, outcome: str) -> None:
        """The first outcome counts."""
        if not self.settled.done():
            now = time.monotonic()
            asked = Asked(self.identity, self.method, self.due, self.sent, now, outcome)
            self.settled.set_result(asked)


class Connection(asyncio.Protocol):
    """A connection to the proxy, for one request at a time."""

    def __init__(self, idle: "deque[Connection] | None") -> None:
        self.transport: asyncio.Transport
        self._idle = idle
        self._request: Request | None = None
        self._parser = HttpResponseParser(self)
        self._close = False
        self._head_read = False
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def carry(self, request: Request) -> None:
        """Send a request; its answer will settle it."""
        self._request = request
        self._head_read = False
        self._body = b""
        request.sent = time.monotonic()
        self.transport.write(request.head_and_body)

    def give_up(self, request: Request) -> None:
        """Wait no longer for this request's answer, if it is what we wait for: hang up."""
        if self._request is request:
            self._settle("timeout")
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._request is None:  # an answer to nothing: a farewell such as a 408
            self.transport.abort()
            return
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self._settle("malformed")
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle is not None and self in self._idle:
            self._idle.remove(self)
        if self._head_read and self._parser.get_status_code() != 200:
            self._settle(f"http_{self._parser.get_status_code()}")  # an error without a length
        else:
            self._settle("cut")

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"connection" and value.lower() == b"close":
            self._close = True

    def on_headers_complete(self) -> None:
        self._head_read = True

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        if self._request is None:
            return
        status = self._parser.get_status_code()
        self._settle(judge(status, self._body, self._request.identity))
        if self._idle is None or self._close:
            self.transport.close()
        else:
            self._idle.append(self)

    def _settle(self, outcome: str) -> None:
        request, self._request = self._request, None
        if request is not None:
            request.settle(outcome)


class Client:
    """Sends a schedule at a proxy."""

    def __init__(self, port: int, patience: float, *, keep_alive: bool) -> None:
        self._port = port
        self._patience = patience
        self._idle: deque[Connection] | None = deque() if keep_alive else None

    async def run(self, arrivals: list[Arrival], run: str) -> list[Asked]:
        """Send everything when it is due, wait for all, say how each ended."""
        if self._idle is not None:
            self._idle.extend([await self._connect() for _ in range(POOL)])
        begin = time.monotonic() + LEAD
        sys.stdout.write(f"{begin}\n")
        sys.stdout.flush()
        requests: list[Request] = []
        async with asyncio.TaskGroup() as group:
            for n, arrival in enumerate(arrivals):
                due = begin + arrival.due
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                request = Request(f"{run}-{n}", arrival.method, due, close=self._idle is None)
                requests.append(request)
                self._send(request, group)
        return [await one.settled for one in requests]

    def _send(self, request: Request, group: asyncio.TaskGroup) -> None:
        while self._idle:
            connection = self._idle.popleft()
            if not connection.transport.is_closing():
                self._carry(connection, request)
                return
        group.create_task(self._send_on_new(request))

    async def _send_on_new(self, request: Request) -> None:
        try:
            async with asyncio.timeout(self._patience):
                connection = await self._connect()
        except OSError:  # TimeoutError is one
            request.settle("connect_failed")
            return
        self._carry(connection, request)

    def _carry(self, connection: Connection, request: Request) -> None:
        connection.carry(request)
        give_up_at = request.due + self._patience - time.monotonic()
        asyncio.get_running_loop().call_later(give_up_at, connection.give_up, request)

    async def _connect(self) -> Connection:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(self._idle), "127.0.0.1", self._port
        )
        return connection


def main(argv: Sequence[str]) -> int:
    """Send the load and write one line per request; the first line out is when it begins."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults.client", description=__doc__)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--run", required=True, help="put before every id")
    parser.add_argument("--rate", type=float, default=250.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=8.0, help="seconds until given up")
    parser.add_argument("--new-connections", action="store_true")
    parser.add_argument("--out", required=True, type=Path)
    options = parser.parse_args(argv)
    arrivals = schedule(options.rate, options.seconds, options.seed)
    client = Client(options.port, options.patience, keep_alive=not options.new_connections)
    asked = uvloop.run(client.run(arrivals, options.run))
    options.out.write_text("".join(json.dumps(asdict(one)) + "\n" for one in asked))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
