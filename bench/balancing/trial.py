"""Several contenders under one condition, at the same time: each with endpoints of its own.

Endpoints and sources live in this process, on one event loop; only the proxies are children. What
the machine does to one of them meanwhile, it does to all.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import peers
from bench.balancing.client import play
from bench.balancing.conditions import LIKE_THE_OTHERS, Condition
from bench.balancing.contenders import Contender
from bench.balancing.instance import Endpoints
from bench.balancing.load import SOURCES, Fate, Load, addresses, schedule
from bench.balancing.tally import Row, figures
from bench.children import CannotRun, child, unused_ports
from bench.contenders.setup import Setup
from bench.progress import say

ENDPOINTS = 5
ODD = 2
"""Which of them is odd: neither the first nor the last, which an algorithm may prefer."""
BACK = 0.1
"""The part of what is measured after which an endpoint that was away comes back."""


@dataclass(frozen=True, slots=True)
class Field:
    """What is on this machine to measure with."""

    programs: Mapping[str, peers.Program]
    venv: Path
    directory: Path


@dataclass(frozen=True, slots=True)
class Ready:
    """A proxy before its endpoints."""

    contender: Contender
    listen: int
    endpoints: Endpoints


async def batch(
    field: Field, contenders: Sequence[Contender], condition: Condition, load: Load
) -> list[Row]:
    """Measure them side by side. One that cannot be measured is named and left out."""
    with contextlib.ExitStack() as stack:
        started = await asyncio.gather(
            *(_start(field, stack, one, condition) for one in contenders)
        )
        rows = await asyncio.gather(
            *(_measure(ready, condition, load) for ready in started if ready is not None)
        )
    return [row for row in rows if row is not None]


async def _start(
    field: Field, stack: contextlib.ExitStack, contender: Contender, condition: Condition
) -> Ready | None:
    program = field.programs.get(contender.program)
    if contender.program and program is None:
        say(f"left out: {peers.why_missing(contender.program, field.venv)}")
        return None
    tempers = [condition.odd if n == ODD else LIKE_THE_OTHERS for n in range(ENDPOINTS)]
    endpoints = stack.enter_context(contextlib.closing(Endpoints(tempers)))
    await endpoints.open()
    place = field.directory / re.sub(r"\W+", "-", f"{condition.name} {contender.name}")
    place.mkdir(exist_ok=True)
    listen, admin = unused_ports(2)
    command = contender.start(Setup(listen, admin, endpoints.ports, place), program)
    with _left_out(contender):
        proxy = stack.enter_context(
            child(contender.name, command.argv, place / "out.txt", environment=command.environment)
        )
        await asyncio.to_thread(proxy.wait_until_answers, listen, "/readyz")
        return Ready(contender, listen, endpoints)
    return None


async def _measure(ready: Ready, condition: Condition, load: Load) -> Row | None:
    with _left_out(ready.contender):
        fates, taken = await _play(ready, condition, load)
        found = figures(fates, load)
        part = taken[ODD] if condition.has_odd else max(taken)
        return Row(
            condition=condition.name,
            contender=ready.contender.name,
            ours=ready.contender.is_ours,
            judged=ready.contender.judged,
            logins=found.logins,
            p50=found.p50,
            p99=found.p99,
            failing=found.failing,
            share=part / max(1, sum(taken)),
            lag=found.lag,
        )
    return None


async def _play(ready: Ready, condition: Condition, load: Load) -> tuple[list[Fate], list[int]]:
    """What became of each login, and how many each endpoint got since the pool had settled."""
    instances = ready.endpoints.instances
    sources = [None] * SOURCES if condition.one_address else addresses(load.seed)
    async with asyncio.TaskGroup() as group:
        playing = group.create_task(play(ready.listen, load, schedule(load), sources))
        await asyncio.sleep(load.settle)
        before = [one.taken for one in instances]
        await asyncio.sleep(BACK * load.seconds)
        await ready.endpoints.open(away=True)
    return playing.result(), [
        one.taken - count for one, count in zip(instances, before, strict=True)
    ]


@contextlib.contextmanager
def _left_out(contender: Contender) -> Iterator[None]:
    """Tell of one that fails, and go on with the others: their figures are worth having."""
    try:
        yield
    except (CannotRun, OSError) as reason:
        first, *rest = str(reason).splitlines()
        say(f"left out: {contender.name}: " + "\n  ".join([first, *rest[-3:]]))
