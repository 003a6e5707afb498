"""`make profile`: where the data path spends its microseconds, without a network.

The real protocols, parser, table and algorithm run in this process, between transports that throw
away what is written. So nothing is measured but our own code and the parser: no system call, no
other process, no scheduler. Two runs of it differ by a few percent, where a benchmark over sockets
differs by tens.
"""

import argparse
import asyncio
import cProfile
import json
import pstats
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, cast

import httptools
import uvloop

import balancer
from balancer import config as configuration
from balancer.net.client import ClientConnection
from balancer.net.endpoint import EndpointConnection
from balancer.net.proxy import Proxy
from balancer.table import build
from bench.figures import markdown
from bench.login import BODY, PATH
from bench.page import put
from bench.stub import ANSWER

HOUSE = Path(balancer.__file__).parent.parent
CONFIGURATION = """\
listen: 127.0.0.1:8080
routes: [{prefix: /, pool: auth}]
pools:
  - name: auth
    endpoints:
      - {name: auth-1, address: "127.0.0.1:9001"}
      - {name: auth-2, address: "127.0.0.1:9002"}
      - {name: auth-3, address: "127.0.0.1:9003"}
      - {name: auth-4, address: "127.0.0.1:9004"}
"""
REQUEST = (
    f"POST {PATH} HTTP/1.1\r\nHost: login.example.test\r\nUser-Agent: Mozilla/5.0\r\n"
    "Accept: application/json\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY
CREATED = b"HTTP/1.1 201"
PER_CONNECTION = 1000
BATCHES = 15
HELP = """\
Runs logins through the data path in this process, between transports that only count, and tells
the CPU time of one exchange, what the parser alone takes of it, and the functions that take most.

  python -m bench.profile                        a table
  python -m bench.profile --page docs/performance.md     and into its block there
  python -m bench.profile --exchanges 50000 --json

The time of one exchange is taken without the profiler. The shares are the profiler's; since it
charges for each call, small functions look dearer than they are: compare a function with itself.
"""


class Sink(asyncio.Transport):
    """Throws away what is written, and counts it."""

    def __init__(self, edge: "Edge", peer: tuple[str, int]) -> None:
        super().__init__({"peername": peer})
        self._edge = edge
        self.connection: asyncio.Protocol | None = None
        self.ended = False

    def write(self, data: Any) -> None:
        if data.startswith(CREATED):
            self._edge.answers += 1
        self._edge.written_to = self.connection

    def writelines(self, list_of_data: Any) -> None:
        for data in list_of_data:
            self.write(data)

    def is_closing(self) -> bool:
        return self.ended

    def close(self) -> None:
        self.ended = True

    def abort(self) -> None:
        self.ended = True

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    def resume_reading(self) -> None:
        """Nothing comes by itself."""


class Edge:
    """The real event loop, except that its connections lead into a `Sink`."""

    def __init__(self, real: asyncio.AbstractEventLoop) -> None:
        self._real = real
        self.written_to: asyncio.Protocol | None = None
        """The endpoint connection that was written to last."""
        self.answers = 0
        """Logins that were answered 201."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def create_connection(
        self, factory: Callable[[], EndpointConnection], host: str, port: int, **_: Any
    ) -> tuple[Sink, EndpointConnection]:
        """What asyncio's does, without a socket."""
        sink, connection = Sink(self, (host, port)), factory()
        sink.connection = connection
        connection.connection_made(sink)
        return sink, connection


class DataPath:
    """A client, the proxy, and endpoints that answer at once."""

    def __init__(self) -> None:
        self.edge = Edge(asyncio.get_running_loop())
        parsed = configuration.parse(CONFIGURATION)
        rng = Random(1)  # noqa: S311 # the same in every run
        table = build(parsed, CONFIGURATION, rng)
        self.proxy = Proxy(table, cast(asyncio.AbstractEventLoop, self.edge), rng, None)

    async def warm_up(self, exchanges: int = 200) -> None:
        """Let the connections to all endpoints be made."""
        client = self._connect()
        for _ in range(exchanges):
            client.data_received(REQUEST)
            connects = asyncio.all_tasks() - {asyncio.current_task()}
            if connects:
                await asyncio.wait(connects)
            cast(asyncio.Protocol, self.edge.written_to).data_received(ANSWER)

    def run(self, exchanges: int) -> None:
        """So many logins, one after the other, a thousand on each connection."""
        edge = self.edge
        while exchanges > 0:
            client = self._connect()
            for _ in range(min(exchanges, PER_CONNECTION)):
                client.data_received(REQUEST)
                cast(asyncio.Protocol, edge.written_to).data_received(ANSWER)
            client.connection_lost(None)
            exchanges -= PER_CONNECTION

    def _connect(self) -> ClientConnection:
        client = ClientConnection(self.proxy)
        client.connection_made(Sink(self.edge, ("192.0.2.7", 40000)))
        return client


class Ignore:
    """What a parser calls at the least for us: both heads with their fields."""

    def on_url(self, url: bytes) -> None:
        """Nothing."""

    def on_header(self, name: bytes, value: bytes) -> None:
        """Nothing."""

    def on_body(self, data: bytes) -> None:
        """Nothing."""

    def on_message_complete(self) -> None:
        """Nothing."""


def parse_only(exchanges: int) -> None:
    """The parser's part alone, with callbacks that do nothing."""
    requests = httptools.HttpRequestParser(Ignore())
    answers = httptools.HttpResponseParser(Ignore())
    for _ in range(exchanges):
        requests.feed_data(REQUEST)
        answers.feed_data(ANSWER)


def microseconds(work: Callable[[int], None], exchanges: int) -> float:
    """CPU time of one exchange: the least over some batches, since noise only ever adds."""
    batch = max(1, exchanges // BATCHES)
    least = float("inf")
    for _ in range(BATCHES):
        began = time.process_time()
        work(batch)
        least = min(least, time.process_time() - began)
    return least / batch * 1e6


def top(work: Callable[[int], None], exchanges: int, count: int) -> list[dict[str, Any]]:
    """The functions with most own time."""
    profile = cProfile.Profile()
    profile.runcall(work, exchanges)
    stats = cast(Any, pstats.Stats(profile)).stats
    ours = {key: value for key, value in stats.items() if not key[0].endswith("bench/profile.py")}
    total = sum(value[2] for value in ours.values())
    ranked = sorted(ours.items(), key=lambda item: -item[1][2])[:count]
    return [
        {
            "function": _label(*key),
            "calls": round(value[1] / exchanges, 2),
            "share": round(100 * value[2] / total, 1),
        }
        for key, value in ranked
    ]


def _label(path: str, line: int, name: str) -> str:
    """`net/client.py:80 data_received`, or a built-in's name without its angle brackets."""
    if path == "~":
        return name.strip("<>{}").replace("built-in method ", "")
    place = Path(path)
    if place.is_relative_to(HOUSE):
        return f"{place.relative_to(HOUSE)}:{line} {name}"
    return f"{place.name}:{line} {name}"


async def measure(exchanges: int, count: int) -> dict[str, Any]:
    """Everything that this command tells. Raises RuntimeError if a login was not answered."""
    path = DataPath()
    await path.warm_up()
    before = path.edge.answers
    whole = microseconds(path.run, exchanges)
    functions = top(path.run, exchanges, count)
    asked, answered = max(1, exchanges // BATCHES) * BATCHES + exchanges, path.edge.answers - before
    if answered != asked:
        raise RuntimeError(f"{asked} logins were sent and {answered} answered with 201")
    return {
        "microseconds": round(whole, 2),
        "parser": round(microseconds(parse_only, exchanges), 2),
        "functions": functions,
    }


def block(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    rows = [
        [f"`{one['function']}`", f"{one['calls']:g}", f"{one['share']:.1f} %"]
        for one in result["functions"]
    ]
    return (
        f"One exchange takes {result['microseconds']:.1f} µs of CPU outside the kernel; "
        f"the parser alone would take {result['parser']:.1f} µs.\n\n"
        + markdown(["function", "calls per exchange", "own time"], rows)
        + "\n"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.profile",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--exchanges", type=int, default=30_000, metavar="N", help="logins (default 30000)"
    )
    parser.add_argument(
        "--top", type=int, default=15, metavar="N", help="functions to show (default 15)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the block into a page too")
    options = parser.parse_args(argv)
    if options.exchanges < 1 or options.top < 1:
        parser.error("--exchanges and --top are 1 or more")
    result = uvloop.run(measure(options.exchanges, options.top))
    if options.page is not None:
        put(options.page, "profile", block(result))
    sys.stdout.write(json.dumps(result, indent=1) + "\n" if options.json else block(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
