"""How many hashes a second this machine makes, and what to run an instance with because of it.

Costs and numbers of threads take turns, round by round, and medians are told: a machine that others
use as well is slow by moments, and a moment must not fall on one of them alone.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

from authsvc import cores
from authsvc.hashing.admission import queue_bound
from authsvc.hashing.passwords import Hasher
from authsvc.settings import PRODUCTION_COST

LONGEST_HASH = 0.25  # seconds; OWASP asks for less than 1, and people notice a third
FOR_REGISTRATION = 0.1  # of the hashes: an instance is told to keep logins the rest
_LEAST_WINDOW = 0.4  # seconds of hashing in one measurement


@dataclass(frozen=True, slots=True)
class Rates:
    """Hashes a second at one cost."""

    cost: int
    threads: int
    alone: float  # with one thread
    together: float  # with all threads

    @property
    def hash_seconds(self) -> float:
        """How long one takes while all threads are busy."""
        return self.threads / self.together

    @property
    def logins_per_second(self) -> float:
        """What is left when new accounts take their share."""
        return self.together * (1 - FOR_REGISTRATION)

    def queue(self, deadline: float) -> int:
        """Hashes that may wait and still be answered in time."""
        return queue_bound(self.together, deadline, self.hash_seconds)


@dataclass(frozen=True, slots=True)
class Step:
    """One measurement is done; `left` are still to come."""

    cost: int
    threads: int
    per_second: float
    left: int


def measure(
    costs: Sequence[int], threads: int, rounds: int, done: Callable[[Step], None]
) -> list[Rates]:
    """Take turns for so many rounds; tells each step as it is done."""
    hashers = {cost: Hasher.prepare(b"calibration, and nothing is stored", cost) for cost in costs}
    seconds = {cost: hasher.seconds(2) for cost, hasher in hashers.items()}
    seen: dict[tuple[int, int], list[float]] = {}
    turns = list(_turns(costs, threads, rounds))
    with ThreadPoolExecutor(threads, initializer=cores.step_back) as pool:
        for number, (cost, used) in enumerate(turns, 1):
            each = max(1, round(_LEAST_WINDOW / seconds[cost]))
            rate = _rate(pool, hashers[cost], used, each)
            seen.setdefault((cost, used), []).append(rate)
            done(Step(cost, used, rate, len(turns) - number))
    return [
        Rates(cost, threads, median(seen[cost, 1]), median(seen[cost, threads])) for cost in costs
    ]


def _turns(costs: Sequence[int], threads: int, rounds: int) -> Iterator[tuple[int, int]]:
    for _ in range(rounds):
        for cost in costs:
            yield from ((cost, used) for used in sorted({1, threads}))


def _rate(pool: ThreadPoolExecutor, hasher: Hasher, threads: int, each: int) -> float:
    def some() -> None:
        for _ in range(each):
            hasher.verify("", None)

    began = time.perf_counter()
    for job in [pool.submit(some) for _ in range(threads)]:
        job.result()
    return threads * each / (time.perf_counter() - began)


def choose(found: Sequence[Rates]) -> Rates | None:
    """The dearest cost that people will not notice and production allows; None if there is none.

    The lowest allowed one is taken even if it is slow here: a cheaper hash is no answer to that.
    """
    allowed = sorted((one for one in found if one.cost >= PRODUCTION_COST), key=lambda r: r.cost)
    bearable = [one for one in allowed if one.hash_seconds < LONGEST_HASH]
    return bearable[-1] if bearable else allowed[0] if allowed else None


def serve_line(chosen: Rates, deadline: float) -> str:
    """The command that runs an instance so."""
    return (
        f"evenhand authsvc serve --profile production --bcrypt-cost {chosen.cost} "
        f"--hash-slots {chosen.threads} --hash-queue {chosen.queue(deadline)} "
        f"--deadline {deadline:g}"
    )
