"""`make bench-auth-timing`: does the time of a refused login tell why it was refused?"""

import argparse
import asyncio
import contextlib
import random
import secrets
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench import command
from bench.auc import Auc, auc
from bench.auth_service import LOAD_LOGINS, RESET_LOGINS, Service, service_that_refuses
from bench.command import Result, whole
from bench.figures import markdown
from bench.machine import machine
from bench.progress import say
from bench.refusals import KNOWN, WRONG, Refusal, refusals

HELP = """\
Starts Postgres and one instance of the service with real bcrypt, sends it logins that it refuses
for every reason there is, at random and one at a time, and asks how well the time of the answer
tells each reason from a wrong password: the AUC, which is 0.5 where it tells nothing. First with
nothing else to do, then beside other logins that keep the hashing 70 % busy. Beside them it asks
for password resets, for accounts that there are and for some that there are not.

  make bench-auth-timing                            about four minutes
  make bench-auth-timing ARGS="--samples 100"       sooner, and less sure
  make bench-auth-timing ARGS="--page docs/security.md"

The intervals hold with 95 % for all comparisons of a run together.
Exit codes: 0 no reason can be told, 1 one can or the samples are too few, 2 could not run.
"""
LOAD = 0.7
_LOAD_CLIENTS = 2
_RESET_KNOWN, _RESET_UNKNOWN = "reset for an account", "reset for nobody"


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
    async with service_that_refuses(options.cost, pepper, kinds) as service:
        capacity = await _capacity(service)
        say(f"{capacity:.0f} logins a second; idle: {options.samples} of each of {len(kinds)}")
        idle = await _sampled(service, kinds, options.samples, dice)
        say(f"beside others that keep it {LOAD:.0%} busy")
        async with _others(service, dice):
            loaded = await _sampled(service, kinds, options.samples, dice)
    return {
        "machine": machine(),
        "cost": options.cost,
        "samples": options.samples,
        "logins_per_second": round(capacity, 1),
        "statuses": dict(service.statuses),
        "rows": _rows(idle, loaded),
    }


def _rows(idle: dict[str, list[float]], loaded: dict[str, list[float]]) -> list[dict[str, Any]]:
    against = {name: _RESET_KNOWN if name == _RESET_UNKNOWN else KNOWN for name in idle}
    references = (KNOWN, _RESET_KNOWN)
    comparisons = 2 * (len(idle) - len(references))

    def compared(name: str, found: dict[str, list[float]]) -> Auc | None:
        if name in references:
            return None
        return auc(found[name], found[against[name]], comparisons)

    return [
        {
            "refusal": name,
            "load": load,
            "median_ms": round(1000 * median(found[name]), 2),
            "auc": compared(name, found),
        }
        for name in idle
        for load, found in (("idle", idle), ("loaded", loaded))
    ]


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


async def _sampled(
    service: Service, kinds: Sequence[Refusal], samples: int, dice: random.Random
) -> dict[str, list[float]]:
    """Logins, and beside them, while they last, requests for resets, which cost little."""
    found: dict[str, list[float]] = {_RESET_KNOWN: [], _RESET_UNKNOWN: []}

    async def resets() -> None:
        while True:
            for stem in dice.sample(["forgot", "nobody"], 2):
                kind = _RESET_KNOWN if stem == "forgot" else _RESET_UNKNOWN
                login = f"{stem}{dice.randrange(RESET_LOGINS):04d}"
                found[kind].append(await service.reset(login))

    beside = asyncio.create_task(resets())
    try:
        return await _sample(service, kinds, samples, dice) | found
    finally:
        beside.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beside


@contextlib.asynccontextmanager
async def _others(service: Service, dice: random.Random) -> AsyncIterator[None]:
    """Clients that together keep the hashing busy for LOAD of the time, by pausing after each login
    in proportion to how long it took: so they never overload a machine that has become slower."""
    busy = LOAD / _LOAD_CLIENTS

    async def client() -> None:
        while True:
            began = time.perf_counter()
            await service.login(f"busy{dice.randrange(LOAD_LOGINS):04d}", WRONG)
            took = time.perf_counter() - began
            await asyncio.sleep(dice.expovariate(1 / (took * (1 / busy - 1))))

    coming = [asyncio.create_task(client()) for _ in range(_LOAD_CLIENTS)]
    try:
        yield
    finally:
        for one in coming:
            one.cancel()
        await asyncio.gather(*coming, return_exceptions=True)


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
