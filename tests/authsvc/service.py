"""The service as a process of its own, with everything that it writes."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.authsvc.conftest import PEPPER

ROOT = Path(__file__).parents[2]
UNTHROTTLED = [
    *("--hash-seconds", "0", "--throttle-pair", "off"),
    *("--throttle-account", "off", "--throttle-source", "off"),
]
"""Tests by the thousand, with right and wrong passwords, all from one source."""


@dataclass
class Process:
    """A running `evenhand authsvc serve`; `lines` grows as it writes."""

    lines: list[bytes] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)
    listening: threading.Event = field(default_factory=threading.Event)

    def read(self, stream: Any) -> None:
        """Take in what it writes until it ends."""
        for line in stream:
            self.lines.append(line)
            if b'"listening"' in line:
                told = json.loads(line)
                names = ("service", "private", "admin")
                self.urls = {name: f"http://{told[name]}" for name in names if name in told}
                self.listening.set()

    async def ready(self) -> bool:
        """Whether it should get traffic."""
        url = self.urls["service"] + "/readyz"
        async with aiohttp.ClientSession() as client, client.get(url) as answer:
            return answer.status == 200


@contextmanager
def process(database: str, *flags: str) -> Iterator[Process]:
    """One on free ports, quick to hash, stopped afterwards; it must have ended well."""
    free = ("--listen", "127.0.0.1:0", "--private", "127.0.0.1:0", "--admin", "127.0.0.1:0")
    command = [sys.executable, "-m", "evenhand", "authsvc", "serve", *free, *UNTHROTTLED]
    environment = {**os.environ, "DATABASE_URL": database, "AUTH_PEPPER": PEPPER}
    with subprocess.Popen(
        [*command, *flags], cwd=ROOT, env=environment, stderr=subprocess.PIPE
    ) as child:
        running = Process()
        reader = threading.Thread(target=running.read, args=(child.stderr,))
        reader.start()
        try:
            assert running.listening.wait(30), b"".join(running.lines).decode()
            yield running
        finally:
            child.terminate()
            reader.join(30)
            assert child.wait(30) == 0
