"""How many attempts each endpoint has had, counted on both sides of the wire."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from loadtest.metrics import (
    ATTEMPTS_AT_BALANCER,
    ATTEMPTS_AT_INSTANCE,
    Scraper,
    total,
    values,
)

AGREE_WITHIN = 1.0
RETRY_AFTER = 0.02


@dataclass(frozen=True)
class Counts:
    """Attempts since the parts started: counted at the instances, and at the balancer."""

    instances: Mapping[str, int]
    balancer: Mapping[str, int]

    @property
    def agree(self) -> bool:
        """True when both sides count the same, endpoint by endpoint."""
        return all(self.balancer.get(name, 0) == n for name, n in self.instances.items())

    def since(self, before: "Counts") -> "Counts":
        """What was added after `before`."""
        return Counts(
            _difference(self.instances, before.instances),
            _difference(self.balancer, before.balancer),
        )


def _difference(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items()}


def read(instances: Mapping[str, str], balancer: str) -> Counts:
    """Counts from scraped pages. Raises LookupError when an instance does not count attempts."""
    submitted = {
        name: int(total(page, ATTEMPTS_AT_INSTANCE, flow="login"))
        for name, page in instances.items()
    }
    attempts: dict[str, int] = {}
    for labels, value in values(balancer, ATTEMPTS_AT_BALANCER).items():
        name = dict(labels)["endpoint"]
        attempts[name] = attempts.get(name, 0) + int(value)
    return Counts(submitted, attempts)


async def settled(scraper: Scraper, within: float = AGREE_WITHIN) -> Counts:
    """Counts at a moment when no new logins start: as soon as both sides agree.

    What is on its way between them takes milliseconds. After `within` seconds the counts are
    returned as they are; the verdict sees the difference and calls the measurement invalid.
    """
    deadline = time.monotonic() + within
    while True:
        instances, balancer = await asyncio.gather(scraper.instances(), scraper.balancer())
        counts = read(instances, balancer)
        if counts.agree or time.monotonic() >= deadline:
            return counts
        await asyncio.sleep(RETRY_AFTER)
