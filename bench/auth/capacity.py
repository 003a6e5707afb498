"""Logins a second beside bcrypt alone, and what is left of them at three times capacity."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random

from authsvc import cores
from bench.auth import http
from bench.auth.stage import Stage
from bench.balancing.client import play
from bench.balancing.load import SOURCES, Arrival, Load, addresses
from bench.children import CHECKOUT, CannotRun
from bench.progress import say

COST = 10
CONNECTIONS = 8
PATIENCE = 2.0
OVERLOAD = 3.0


@dataclass(frozen=True)
class Bare:
    """bcrypt alone: hashes a second, and CPU seconds of each."""

    per_second: float
    cpu: float


@dataclass(frozen=True)
class Round:
    """The same seconds' worth of bcrypt alone, before and after, and of logins between."""

    bare: Bare
    logins: float
    errors: int
    cpu_login: float  # CPU seconds of the instance for one login

    @property
    def share(self) -> float:
        """Of what bcrypt alone reaches."""
        return self.logins / self.bare.per_second

    @property
    def cpu_share(self) -> float:
        """What part of the instance's CPU time is bcrypt: what others take of the cores cancels."""
        return self.bare.cpu / self.cpu_login


@dataclass(frozen=True)
class Flood:
    """What became of logins that came in at a multiple of capacity."""

    queue: str
    offered: float  # a second
    in_time: float  # a second, answered 201 within the client's patience
    refused: float  # a second, answered 503
    unanswered: float  # a second
    capacity: float

    @property
    def share(self) -> float:
        """Goodput as a part of capacity."""
        return self.in_time / self.capacity


def bare(seconds: float) -> Bare:
    """Run it."""
    argv = [sys.executable, "-m", "bench.auth.bare", str(COST), str(cores.given()), str(seconds)]
    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRun(f"bcrypt alone did not run:\n{done.stderr}")
    return Bare(*map(float, done.stdout.split()))


async def shares(on: Stage, wrk: Path, rounds: int, seconds: int) -> list[Round]:
    """bcrypt, logins, bcrypt, logins, …, bcrypt: each round beside the bcrypt on both sides."""
    found = []
    # A queue for all clients and time for each: what the service costs, not what it sheds.
    with on.instance("--profile", "production", "--hash-queue", "64", "--deadline", "20") as auth:
        before = bare(seconds)
        for number in range(1, rounds + 1):
            hashed, began = await auth.settled(), sum(auth.process.cpu())
            seen = http.logins(wrk, auth.port, CONNECTIONS, seconds, on.folder)
            hashed = await auth.settled() - hashed  # more than were answered: wrk just leaves
            used = (sum(auth.process.cpu()) - began) / hashed
            after = bare(seconds)
            beside = Bare((before.per_second + after.per_second) / 2, (before.cpu + after.cpu) / 2)
            found.append(Round(beside, seen.per_second, seen.errors, used))
            before = after
            one = found[-1]
            say(f"[{number}/{rounds}] bcrypt alone {beside.per_second:.1f}/s, logins "
                f"{one.logins:.1f}/s, {one.share:.1%}; of its CPU {one.cpu_share:.1%}")  # fmt: skip
    return found


async def flood(on: Stage, flags: tuple[str, ...], capacity: float, seconds: float) -> Flood:
    """Open arrivals at three times `capacity`; those of the first two seconds do not count."""
    load = Load(rate=OVERLOAD * capacity, seconds=seconds, settle=2.0, patience=PATIENCE)
    with on.instance(*flags) as auth:
        fates = await play(auth.port, load, arrivals(load), addresses(load.seed))
    counted = [fate for fate in fates if fate.due >= load.settle]
    per_second = {
        status: sum(fate.status == status for fate in counted) / seconds for status in (201, 503, 0)
    }
    kind = "unbounded" if "unbounded" in flags else "bounded"
    found = Flood(
        kind, len(counted) / seconds, per_second[201], per_second[503], per_second[0], capacity
    )
    say(f"{kind}: {found.offered:.0f}/s offered, {found.in_time:.1f}/s in time, {found.share:.0%}")
    return found


def arrivals(load: Load) -> list[Arrival]:
    """Poisson, from as many sources as there are, each asking for the same work."""
    rng = Random(load.seed)  # noqa: S311 # arrivals must be reproducible from their seed
    found, due = [], rng.expovariate(load.rate)
    while due < load.settle + load.seconds:
        found.append(Arrival(due, rng.randrange(SOURCES), 1.0))
        due += rng.expovariate(load.rate)
    return found
