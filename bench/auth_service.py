"""An instance of the auth service for the timing experiment, and the accounts that it refuses."""

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from authsvc.connecting import connection
from authsvc.hashing.passwords import Hasher
from authsvc.migrate import migrate
from authsvc.seed import seed
from bench.children import CHECKOUT, CannotRun, child, take_cores, unused_ports
from bench.refusals import ACCOUNTS, PASSWORD, WRONG, Refusal, statements
from loadtest import postgres

_READY_SECONDS = 30.0
_NOISE_OF_A_START = 50  # logins that nobody measures
LOAD_LOGINS = 200
RESET_LOGINS = 2000  # an account is sent three resets an hour: enough for ten minutes


@dataclass(frozen=True)
class Service:
    """Where it listens, and through what we ask."""

    port: int
    client: aiohttp.ClientSession
    statuses: Counter[int] = field(default_factory=Counter)

    async def login(self, login: str, password: str) -> float:
        """Seconds until the answer to one login."""
        body = {"login": login, "password": password}
        began = time.perf_counter()
        async with self.client.post(
            f"http://127.0.0.1:{self.port}/v1/sessions", json=body
        ) as answer:
            await answer.read()
        seconds = time.perf_counter() - began
        self.statuses[answer.status] += 1
        return seconds if answer.status == 401 else float("nan")

    async def reset(self, login: str) -> float:
        """Seconds until the answer to one request for a reset."""
        url = f"http://127.0.0.1:{self.port}/v1/password/reset"
        began = time.perf_counter()
        async with self.client.post(url, json={"login": login}) as answer:
            await answer.read()
        return time.perf_counter() - began


@contextlib.asynccontextmanager
async def service_that_refuses(
    cost: int, pepper: str, kinds: Sequence[Refusal]
) -> AsyncIterator[Service]:
    """Postgres with the accounts, and an instance on a core of its own."""
    cores = take_cores()
    database, port, private = unused_ports(3)
    with tempfile.TemporaryDirectory() as folder:
        async with postgres.running(database) as cluster, aiohttp.ClientSession() as client:
            await _fill(cluster.url, cost, pepper, kinds)
            environment = {"DATABASE_URL": cluster.url, "AUTH_PEPPER": pepper}
            argv = [sys.executable, str(CHECKOUT / "evenhand.py"), "authsvc", "serve"]
            argv += ["--listen", f"127.0.0.1:{port}", "--private", f"127.0.0.1:{private}"]
            argv += ["--bcrypt-cost", str(cost), "--hash-seconds", "0", "--deadline", "5"]
            for scope in ("pair", "account", "source"):
                argv += [f"--throttle-{scope}", "off"]  # nothing but wrong guesses are sent
            argv += ["--log-level", "error"]
            environment["PYTHONPATH"] = os.fspath(CHECKOUT)
            output = Path(folder) / "service"
            with child("authsvc", argv, output, cores.proxy, environment) as running:
                await asyncio.to_thread(running.wait_until_answers, port, "/readyz")
                service = Service(port, client)
                await _until_ready(service)
                for number in range(_NOISE_OF_A_START):
                    await service.login(f"busy{number:04d}", WRONG)
                yield service


async def _until_ready(service: Service) -> None:
    until = time.monotonic() + _READY_SECONDS
    for _ in iter(lambda: time.monotonic() < until, False):
        async with service.client.get(f"http://127.0.0.1:{service.port}/readyz") as answer:
            if answer.status == 200:
                return
        await asyncio.sleep(0.05)
    raise CannotRun(f"the service is not ready within {_READY_SECONDS:g} s")


async def _fill(url: str, cost: int, pepper: str, kinds: Sequence[Refusal]) -> None:
    await migrate(url, wait=10)
    stored = Hasher.prepare(pepper.encode(), cost).create(PASSWORD)
    real = [kind.stem for kind in kinds if kind.stem not in ("nobody", "no such ")]
    logins = [f"{stem}{number:04d}" for stem in real for number in range(ACCOUNTS)]
    logins += [f"busy{number:04d}" for number in range(LOAD_LOGINS)]
    logins += [f"forgot{number:04d}" for number in range(RESET_LOGINS)]
    await seed(url, logins, stored, wait=10)
    async with connection(url, wait=10) as opened:
        for kind in kinds:
            for statement, pattern in statements(kind):
                await opened.execute(statement, pattern)
        await opened.execute("analyze")
