"""`make bench-auth-timing`: does the time of a refused login tell why it was refused?"""

import argparse
import asyncio
import contextlib
import os
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp

from authsvc.connecting import connection
from authsvc.hashing.passwords import Hasher
from authsvc.migrate import migrate
from authsvc.seed import seed
from bench import command
from bench.auc import auc
from bench.children import CHECKOUT, CannotRun, child, take_cores, unused_ports
from bench.command import Result, whole
from bench.figures import markdown
from bench.machine import machine
from bench.progress import say
from bench.refusals import ACCOUNTS, KNOWN, PASSWORD, WRONG, Refusal, refusals, statements
from loadtest import postgres

HELP = """\
Starts Postgres and one instance of the service with real bcrypt, sends it logins that it refuses
for every reason there is, at random and one at a time, and asks how well the time of the answer
tells each reason from a wrong password: the AUC, which is 0.5 where it tells nothing. First with
nothing else to do, then beside other logins that keep the hashing 70 % busy.

  make bench-auth-timing                            about four minutes
  make bench-auth-timing ARGS="--samples 100"       sooner, and less sure
  make bench-auth-timing ARGS="--page docs/security.md"

The intervals hold with 95 % for all comparisons of a run together.
Exit codes: 0 no reason can be told, 1 one can or the samples are too few, 2 could not run.
"""
LOAD = 0.7
_LOAD_LOGINS = 200
_READY_SECONDS = 30.0
_NOISE_OF_A_START = 50  # logins that nobody measures


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


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(
        "python -m bench.auth_timing",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    line.add_argument(
        "--samples", type=whole, default=400, metavar="N", help="of each; default 400"
    )
    line.add_argument("--cost", type=int, choices=range(6, 13), default=6, help="default 6: 4 ms")
    line.add_argument("--seed", type=int, default=1, metavar="N", help="of the order")
    line.add_argument("--page", type=Path, metavar="FILE", help="write the block into a page too")
    line.add_argument("--json", action="store_true", help="print JSON instead of the block")
    return line


def run(options: argparse.Namespace) -> Result:
    """Start, measure, stop. Raises `CannotRun`."""
    return asyncio.run(_run(options))


async def _run(options: argparse.Namespace) -> Result:
    pepper = secrets.token_urlsafe(48)
    kinds = refusals(pepper.encode(), options.cost)
    dice = random.Random(options.seed)  # noqa: S311 # an order, not a secret
    async with _service(options.cost, pepper, kinds) as service:
        capacity = await _capacity(service)
        say(f"{capacity:.0f} logins a second; idle: {options.samples} of each of {len(kinds)}")
        idle = await _sample(service, kinds, options.samples, dice)
        say(f"with {LOAD * capacity:.0f} other logins a second")
        async with _others(service, LOAD * capacity, dice):
            loaded = await _sample(service, kinds, options.samples, dice)
    return {
        "machine": machine(),
        "cost": options.cost,
        "samples": options.samples,
        "logins_per_second": round(capacity, 1),
        "statuses": dict(service.statuses),
        "rows": _rows(idle, loaded),
    }


def _rows(idle: dict[str, list[float]], loaded: dict[str, list[float]]) -> list[dict[str, Any]]:
    comparisons = 2 * (len(idle) - 1)
    return [
        {
            "refusal": name,
            "load": load,
            "median_ms": round(1000 * median(found[name]), 2),
            "auc": auc(found[name], found[KNOWN], comparisons) if name != KNOWN else None,
        }
        for name in idle
        for load, found in (("idle", idle), ("loaded", loaded))
    ]


@contextlib.asynccontextmanager
async def _service(cost: int, pepper: str, kinds: Sequence[Refusal]) -> AsyncIterator[Service]:
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
    logins += [f"busy{number:04d}" for number in range(_LOAD_LOGINS)]
    await seed(url, logins, stored, wait=10)
    async with connection(url, wait=10) as opened:
        for kind in kinds:
            for statement, pattern in statements(kind):
                await opened.execute(statement, pattern)
        await opened.execute("analyze")


async def _capacity(service: Service, seconds: float = 2.0) -> float:
    """Logins a second of four clients that never pause."""
    until, done = time.monotonic() + seconds, 0

    async def client(number: int) -> None:
        nonlocal done
        while time.monotonic() < until:
            await service.login(f"busy{number:04d}", WRONG)
            done += 1

    await asyncio.gather(*(client(number) for number in range(4)))
    return done / seconds


async def _sample(
    service: Service, kinds: Sequence[Refusal], samples: int, dice: random.Random
) -> dict[str, list[float]]:
    """So many times of each kind, in an order that says nothing; what was shed is asked again."""
    order = [kind for kind in kinds for _ in range(samples)]
    dice.shuffle(order)
    logins = {kind.name: kind.logins() for kind in kinds}
    found: dict[str, list[float]] = {kind.name: [] for kind in kinds}
    for kind in order:
        seconds = float("nan")
        while seconds != seconds:  # not a number: not refused as it should be
            seconds = await service.login(next(logins[kind.name]), kind.password)
        found[kind.name].append(seconds)
    return found


@contextlib.asynccontextmanager
async def _others(service: Service, rate: float, dice: random.Random) -> AsyncIterator[None]:
    """Logins that come as they like, so many a second."""

    async def come() -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(dice.expovariate(rate))
                group.create_task(service.login(f"busy{dice.randrange(_LOAD_LOGINS):04d}", WRONG))

    coming = asyncio.create_task(come())
    try:
        await asyncio.sleep(1.0)  # until the queue is as it will be
        yield
    finally:
        coming.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await coming


def block(result: Result) -> str:
    """A row for each reason."""
    found = {(one["refusal"], one["load"]): one for one in result["rows"]}
    names = dict.fromkeys(one["refusal"] for one in result["rows"])
    table = markdown(
        ["refused because", "idle, ms", "AUC idle", "at 70 %, ms", "AUC at 70 %"],
        [
            [
                name,
                *(
                    cell
                    for load in ("idle", "loaded")
                    for cell in (f"{found[name, load]['median_ms']:.2f}", _shown(found[name, load]))
                ),
            ]
            for name in names
        ],
    )
    return (
        f"{result['at']}, {result['machine']['processor']}, bcrypt cost {result['cost']}, "
        f"{result['logins_per_second']:.0f} logins a second, {result['samples']} samples of each; "
        f"AUC against `{KNOWN}`, 95 % for all together; `?`: too few samples; `tells`: it can be "
        f"told.\n\n{table}\n"
    )


def _shown(row: dict[str, Any]) -> str:
    if row["auc"] is None:
        return "–"
    value, low, high = row["auc"]
    verdict = " tells" if row["auc"].tells else "" if row["auc"].tells_nothing else " ?"
    return f"{value:.3f} ({low:.3f}–{high:.3f}){verdict}"


def main(argv: Sequence[str]) -> int:
    """Measure, show, and say by the exit code whether a reason can be told."""
    told = False

    def noting(options: argparse.Namespace) -> Result:
        nonlocal told
        result = run(options)
        told = any(one["auc"] and not one["auc"].tells_nothing for one in result["rows"])
        return result

    return command.carry_out("auth_timing", parser().parse_args(argv), noting, block) or int(told)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
