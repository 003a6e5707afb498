"""The runner's end of the load generator: a Locust process, driven over a socketpair.

Locust runs on gevent, the runner on asyncio, so they are two processes. The protocol is in
`loadtest.control` and `loadtest.locustfile`: `phase`, `pause` and `quit` go in; `ready`,
`paused` and one `exchange` for each finished login come out.
"""

import asyncio
import json
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtest.exchange import Exchange, to_line

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT = 30.0
ANSWER_TIMEOUT = 10.0


class GeneratorFailed(Exception):
    """The load generator ended, or did not answer; the text names its log file."""


@dataclass(frozen=True)
class Load:
    """What the generator offers, to whom.

    `rate` in logins a second, `patience` in seconds; `cap` logins in flight. The password goes
    through the environment, never through the command line.
    """

    url: str
    password: str
    rate: float
    seed: int
    patience: float
    users: int = 200
    sources: int = 200
    cap: int = 400

    def arguments(self, out: Path) -> list[str]:
        """Locust's command line; its own CSV, HTML and log go to the folder `out`."""
        values: dict[str, Any] = {
            "--host": self.url,
            "--rate": self.rate,
            "--seed": self.seed,
            "--patience": self.patience,
            "--in-flight-cap": self.cap,
            "--sources": self.sources,
            "--login-count": self.users,
            "--csv": out / "locust",
            "--html": out / "locust.html",
            "--loglevel": "WARNING",
        }
        words = [str(word) for pair in values.items() for word in pair]
        return ["-f", str(ROOT / "loadtest" / "locustfile.py"), *FLAGS, *words]


FLAGS = ["--headless", "--only-summary", "--users", "1", "--spawn-rate", "1"]


class Generator:
    """One Locust process; `sources_bound` tells whether its clients have distinct addresses."""

    def __init__(
        self,
        process: Process,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        record: Callable[[Exchange], None],
        log: Path,
    ) -> None:
        self._process = process
        self._writer = streams[1]
        self._record = record
        self._events: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read(streams[0]))
        self.log = log
        self.sources_bound = False

    @classmethod
    async def start(cls, load: Load, out: Path, record: Callable[[Exchange], None]) -> "Generator":
        """Start Locust, which writes into the folder `out`, and wait until it listens.

        `record` is called for every finished exchange, as it arrives. Raises GeneratorFailed.
        """
        ours, theirs = socket.socketpair()
        streams = await asyncio.open_connection(sock=ours)
        log = out / "locust.log"
        with theirs, log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *[sys.executable, "-m", "locust", *load.arguments(out)],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[theirs.fileno()],
                env=_environment(theirs.fileno(), load.password),
                start_new_session=True,  # Ctrl-C reaches the runner alone, which says quit
            )
        generator = cls(process, streams, record, log)
        try:
            ready = await generator._answer("ready", START_TIMEOUT)
        except BaseException:
            await generator.kill()
            raise
        generator.sources_bound = bool(ready["sources_bound"])
        return generator

    async def phase(self, name: str) -> None:
        """Fire the schedule from its beginning, under this phase name."""
        await self._say({"do": "phase", "name": name})

    async def pause(self) -> int:
        """Stop new logins; return how many the phase has offered. Raises GeneratorFailed."""
        await self._say({"do": "pause"})
        return int((await self._answer("paused", ANSWER_TIMEOUT))["offered"])

    async def quit(self, patience: float = ANSWER_TIMEOUT) -> int:
        """Let what is in flight finish, read the last exchanges; return Locust's exit code."""
        with suppress(GeneratorFailed):  # it may have ended by itself, which its code tells
            await self._say({"do": "quit"})
        try:
            async with asyncio.timeout(patience):
                await self._reading
                code = await self._process.wait()
        except TimeoutError:
            await self.kill()
            raise GeneratorFailed(f"the load generator did not quit: see {self.log}") from None
        self._writer.close()
        return code

    async def kill(self) -> None:
        """End the process now, if it runs."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._reading.cancel()
        self._writer.close()

    async def _say(self, command: dict[str, Any]) -> None:
        try:
            self._writer.write(to_line(command))
            await self._writer.drain()
        except ConnectionError as error:
            raise GeneratorFailed(f"the load generator has gone: see {self.log}") from error

    async def _answer(self, event: str, within: float) -> dict[str, Any]:
        """The next event that is not an exchange; it must be the one awaited."""
        try:
            async with asyncio.timeout(within):
                message = await self._events.get()
        except TimeoutError:
            raise GeneratorFailed(
                f"the load generator did not say '{event}' within {within:g} s: see {self.log}"
            ) from None
        if message is None or message["event"] != event:
            raise GeneratorFailed(f"the load generator has gone: see {self.log}")
        return message

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):  # a killed generator: the same as its end
            async for line in reader:
                message = json.loads(line)
                if message["event"] == "exchange":
                    self._record(Exchange.of_event(message))
                else:
                    self._events.put_nowait(message)
        self._events.put_nowait(None)


def _environment(fd: int, password: str) -> dict[str, str]:
    """The Locust process's environment: ours, the channel, the password, and where we are."""
    path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "EVENHAND_CONTROL_FD": str(fd),
        "EVENHAND_LOGIN_PASSWORD": password,
        "PYTHONPATH": os.pathsep.join(path),
    }
