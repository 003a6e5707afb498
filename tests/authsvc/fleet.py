"""Three instances behind the balancer, each a process started by its own command, and a load."""

import asyncio
import itertools
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.authsvc.cluster import free_port
from tests.authsvc.conftest import PASSWORD, PEPPER, until_true

CHECKOUT = Path(__file__).parents[2]
NAMES = ("auth-1", "auth-2", "auth-3")
USERS = 40


@dataclass
class Member:
    """One instance; it can be started anew in the same place."""

    name: str
    url: str
    flags: tuple[str, ...]
    service: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")
    private: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin; does not wait until it is ready."""
        where = ("--name", self.name, "--listen", self.service, "--private", self.private)
        environment = {"DATABASE_URL": self.url, "AUTH_PEPPER": PEPPER}
        self.process = await start("authsvc", "serve", *where, *self.flags, **environment)

    async def end(self, signum: signal.Signals) -> int:
        """Send a signal, and its exit code."""
        assert self.process is not None
        self.process.send_signal(signum)
        return await self.process.wait()


@dataclass(frozen=True)
class Asked:
    """One login as its client saw it; status 0 is no answer."""

    request_id: str
    status: int
    served_by: str


@dataclass
class Fleet:
    """Instances and balancer, and a client of both."""

    members: list[Member]
    front: str
    admin: str
    client: aiohttp.ClientSession
    asked: list[Asked] = field(default_factory=list)
    run: str = field(default_factory=lambda: secrets.token_hex(4))

    async def healthy(self) -> set[str]:
        """The endpoints that are ready, and that the balancer sends to: it begins by hoping."""
        try:
            for member in self.members:
                async with self.client.get(f"http://{member.private}/readyz") as ready:
                    if ready.status != 200:
                        return set()
            async with self.client.get(f"http://{self.admin}/table") as response:
                told = await response.json()
        except aiohttp.ClientConnectionError:
            return set()
        return {e["name"] for pool in told["pools"] for e in pool["endpoints"] if e["healthy"]}

    async def all_healthy(self) -> None:
        """Wait until the balancer sends to every instance."""

        async def all_there() -> bool:
            return await self.healthy() == set(NAMES)

        await until_true(all_there)

    @asynccontextmanager
    async def load(self, gap: float) -> AsyncIterator[None]:
        """A login every `gap` seconds while the block lasts, answered before it ends."""
        ending = asyncio.Event()

        async def arrive() -> None:
            async with asyncio.TaskGroup() as logins:
                for number in itertools.count(1):
                    if ending.is_set():
                        return
                    logins.create_task(self._login(number))
                    await asyncio.sleep(gap)

        arriving = asyncio.create_task(arrive())
        try:
            yield
        finally:
            ending.set()
            await arriving

    async def _login(self, number: int) -> None:
        request_id = f"{self.run}-{number:06d}"
        body = {"login": f"user{number % USERS + 1:04d}", "password": PASSWORD}
        headers = {"X-Request-Id": request_id}
        try:
            async with self.client.post(
                f"http://{self.front}/v1/sessions", json=body, headers=headers
            ) as response:
                await response.read()
                served_by = response.headers.get("X-Served-By", "")
                self.asked.append(Asked(request_id, response.status, served_by))
        except (aiohttp.ClientError, TimeoutError):
            self.asked.append(Asked(request_id, 0, ""))

    async def successes(self, member: Member) -> float:
        """What an instance's metric says of logins that succeeded."""
        series = 'auth_attempts_total{flow="login",outcome="success"} '
        async with self.client.get(f"http://{member.private}/metrics") as response:
            lines = (await response.text()).splitlines()
        return next(float(line.removeprefix(series)) for line in lines if line.startswith(series))


@asynccontextmanager
async def fleet(url: str, folder: Path, *flags: str) -> AsyncIterator[Fleet]:
    """Everything up and healthy; gone afterwards."""
    members = [Member(name, url, flags) for name in NAMES]
    front, admin = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    config = folder / "balancer.yaml"
    config.write_text(_config(members, front, admin))
    timeout = aiohttp.ClientTimeout(total=10)
    balancer = await start("balancer", "--config", str(config))
    try:
        for member in members:
            await member.start()
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as client:
            up = Fleet(members, front, admin, client)
            await up.all_healthy()
            yield up
    finally:
        for process in (balancer, *(member.process for member in members)):
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()


async def start(*argv: str, **environment: str) -> asyncio.subprocess.Process:
    """`evenhand …` in silence."""
    own = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(CHECKOUT)}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(CHECKOUT / "evenhand.py"),
        *argv,
        env=own | environment,
        stderr=asyncio.subprocess.DEVNULL,
    )


def _config(members: list[Member], front: str, admin: str) -> str:
    endpoints: list[dict[str, Any]] = [{"name": m.name, "address": m.service} for m in members]
    lines = "\n".join(
        f"      - {{name: {e['name']}, address: '{e['address']}'}}" for e in endpoints
    )
    return f"""
listen: {front}
admin: {{listen: {admin}}}
routes: [{{prefix: /, pool: auth}}]
pools:
  - name: auth
    algorithm: round_robin
    endpoints:
{lines}
    health: {{path: /readyz, interval: 200ms, timeout: 1s, rise: 1, fall: 2}}
"""
