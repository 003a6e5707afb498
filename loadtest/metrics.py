"""Reading numbers from the Prometheus pages of balancer and instances."""

import asyncio
from collections.abc import Mapping

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

ATTEMPTS_AT_INSTANCE = "auth_attempts_submitted_total"
ATTEMPTS_AT_BALANCER = "lb_attempts_total"
QUEUE_DEPTH = "auth_hash_queue_depth"
PATIENCE = aiohttp.ClientTimeout(total=5.0)

Labels = frozenset[tuple[str, str]]


def values(page: str, name: str) -> dict[Labels, float]:
    """The samples of one metric by their labels; empty when the page has none of it.

    Only its own lines are parsed: a page has hundreds, and pauses must stay short.
    """
    lines = [line for line in page.splitlines() if line.startswith((name + "{", name + " "))]
    families = text_string_to_metric_families("\n".join(lines) + "\n")
    return {
        frozenset(sample.labels.items()): sample.value
        for family in families
        for sample in family.samples
    }


def total(page: str, name: str, **labels: str) -> float:
    """The sum over all samples that have these labels. Raises LookupError when there are none.

    A counter that does not exist yet would read as 0 and hide a renamed metric, so it is an error:
    our services show every series from the start.
    """
    wanted = set(labels.items())
    found = [value for one, value in values(page, name).items() if wanted <= one]
    if not found:
        raise LookupError(f"no {name} with {labels or 'any labels'} on that page")
    return sum(found)


async def page(session: aiohttp.ClientSession, url: str) -> str:
    """The metrics page of a part, whose address is `url`. Raises aiohttp.ClientError."""
    async with session.get(f"{url}/metrics", timeout=PATIENCE, raise_for_status=True) as answer:
        return await answer.text()


class Scraper:
    """Scrapes the balancer and all instances. `instances` maps names to private addresses."""

    def __init__(
        self, session: aiohttp.ClientSession, balancer: str, instances: Mapping[str, str]
    ) -> None:
        self._session = session
        self._balancer = balancer
        self._instances = dict(instances)

    async def instances(self) -> dict[str, str]:
        """The pages of all instances, scraped at the same time."""
        pages = await asyncio.gather(*(page(self._session, u) for u in self._instances.values()))
        return dict(zip(self._instances, pages, strict=True))

    async def balancer(self) -> str:
        """The balancer's page."""
        return await page(self._session, self._balancer)

    async def queue_depth(self, instance: str) -> float:
        """Logins that wait for a hash slot of that instance now."""
        return total(await page(self._session, self._instances[instance]), QUEUE_DEPTH)
