"""What the benchmarks of the auth service run on: a Postgres of their own and one instance.

Everything is a real process, started by the service's own commands. Postgres is durable (fsync on),
as in production.
"""

import asyncio
import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.children import CHECKOUT, CannotRun, Child, child, unused_ports
from loadtest import postgres

LOGIN, PASSWORD = "user", "correct horse"  # as bench.balancing.client sends them
SESSIONS = "/v1/sessions"
_CHECKED = 'auth_hash_seconds_count{cost="10",op="verify"}'


@dataclass(frozen=True)
class Stage:
    """Where things are."""

    folder: Path
    environment: dict[str, str]

    @property
    def database_url(self) -> str:
        """Of the database with schema and the user."""
        return self.environment["DATABASE_URL"]

    @contextmanager
    def instance(self, *flags: str, core: int | None = None) -> Iterator["Instance"]:
        """One instance of the service while the block lasts."""
        port, private = unused_ports(2)
        argv = [
            sys.executable, "evenhand.py", "authsvc", "serve", "--log-level", "warning",
            "--listen", f"127.0.0.1:{port}", "--private", f"127.0.0.1:{private}",
            *UNTHROTTLED, *flags,
        ]  # fmt: skip
        output = self.folder / f"instance-{port}.log"
        with child("instance", argv, output, core, self.environment) as process:
            process.wait_until_answers(port, "/readyz")
            yield Instance(process, port, private)


# One user from one source is what no throttle would take for a person. The limits are out of reach;
# counting, and its statements, are still paid for.
UNTHROTTLED = [
    flag for scope in ("pair", "account", "source") for flag in (f"--throttle-{scope}", "1000000")
]


@dataclass(frozen=True)
class Instance:
    """It runs."""

    process: Child
    port: int
    private: int

    async def settled(self) -> float:
        """Wait until no hash is in progress; how many have been made to check a password.

        Raises `CannotRun` if it does not come to rest.
        """
        give_up_at = time.monotonic() + 60.0
        while time.monotonic() < give_up_at:
            async with (
                aiohttp.ClientSession() as client,
                client.get(f"http://127.0.0.1:{self.private}/metrics") as response,
            ):
                lines = (line.rpartition(" ") for line in (await response.text()).splitlines())
                samples = {series: value for series, _, value in lines}
            if float(samples["auth_hash_in_progress"]) == 0:
                return float(samples[_CHECKED])
            await asyncio.sleep(0.05)
        raise CannotRun("the instance still hashes, a minute after the last login")

    async def post(self, path: str) -> dict[str, str]:
        """Register or log in as our user. Raises `CannotRun`."""
        body = {"login": LOGIN, "password": PASSWORD}
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"http://127.0.0.1:{self.port}{path}", json=body) as response,
        ):
            told = await response.text()
            if response.status != 201:
                raise CannotRun(f"{path} answers {response.status}: {told}")
            found: dict[str, str] = await response.json()
            return found


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """A database with the schema and one user, whose hash has cost 10; all gone afterwards."""
    [port] = unused_ports(1)
    async with postgres.running(port) as cluster:
        own = {
            "DATABASE_URL": cluster.url,
            "AUTH_PEPPER": secrets.token_urlsafe(48),
            "PYTHONPATH": str(CHECKOUT),
        }
        made = await asyncio.to_thread(_migrate, own)
        if made.returncode:
            raise CannotRun(f"migrate: {made.stderr}")
        ready = Stage(folder, own)
        with ready.instance("--profile", "production") as first:
            await first.post("/v1/users")
        yield ready


def _migrate(environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "evenhand.py", "authsvc", "migrate"],
        cwd=CHECKOUT, env=os.environ | environment, text=True, capture_output=True, check=False,
    )  # fmt: skip
