"""A tiny real HTTP server for generator tests: answers after `--delay` seconds, or never.

Prints one JSON line when it listens ({"port": …}); on SIGTERM prints one with what it saw:
requests, distinct client addresses, and how many connections the client closed unanswered.
"""

import argparse
import asyncio
import json
import signal
import sys

ANSWER = (
    b"HTTP/1.1 %d Whatever\r\nContent-Length: 2\r\nContent-Type: application/json\r\n"
    b"X-Served-By: slow-1\r\n\r\n{}"
)


class Seen:
    """What the server has seen so far."""

    def __init__(self) -> None:
        self.requests = 0
        self.connections = 0
        self.sources: set[str] = set()
        self.left = 0


async def serve(delay: float, status: int) -> None:
    """Serve until SIGTERM. A negative delay means silence."""
    seen = Seen()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        seen.sources.add(writer.get_extra_info("peername")[0])
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                seen.requests += 1
                if delay < 0:
                    await reader.read()  # ends when the client has left
                    seen.left += 1
                    return
                await asyncio.sleep(delay)
                writer.write(ANSWER % status)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", 0, backlog=1024)
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    say({"port": server.sockets[0].getsockname()[1]})
    await over.wait()
    say({**vars(seen), "sources": len(seen.sources)})


def say(message: dict[str, int]) -> None:
    """One JSON line on standard output, at once."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--status", type=int, default=201)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.delay, arguments.status))
