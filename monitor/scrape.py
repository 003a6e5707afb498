"""Fetches the targets' metrics pages into the store."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from monitor.exposition import Exposition
from monitor.store import Store
from monitor.values import NAME, Labels, labels_of

MAX_PAGE_BYTES = 8 * 1024 * 1024
HEADERS = {
    "Accept": "text/plain;version=0.0.4",
    # Compressing a page costs an endpoint more than loopback or a rack's network gains.
    "Accept-Encoding": "identity",
    "User-Agent": "evenhand-monitor",
}


@dataclass(frozen=True, slots=True)
class Target:
    """One page to scrape, and the labels its series get."""

    job: str
    instance: str
    url: str

    @property
    def labels(self) -> dict[str, str]:
        """`job` and `instance`."""
        return {"job": self.job, "instance": self.instance}


class ScrapeError(Exception):
    """Why a target's page could not be used."""


class Scraper:
    """Scrapes one target, and remembers how the last scrape went."""

    def __init__(
        self, target: Target, store: Store, now_ms: Callable[[], int], timeout_s: float
    ) -> None:
        """Samples carry the time `now_ms` gave when the scrape began."""
        self.target = target
        self.last_error: str | None = None
        self.last_scrape_ms: int | None = None
        self.last_seconds = 0.0
        self._store = store
        self._now_ms = now_ms
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._exposition = Exposition(target.labels)
        self._present: set[Labels] = set()

    @property
    def up(self) -> bool:
        """Whether there was a scrape and it succeeded."""
        return self.last_scrape_ms is not None and self.last_error is None

    async def scrape(self, session: aiohttp.ClientSession) -> None:
        """Store the page and `up` 1, or `up` 0 and why in `last_error`.

        Series that are not there any more end with a stale marker, so that no rule goes on seeing
        the last word of an instance that died.
        """
        started_ms = self._now_ms()
        started = asyncio.get_running_loop().time()
        try:
            values = self._exposition.read(await self._fetch(session))
            self.last_error = None
        except (ScrapeError, aiohttp.ClientError, ValueError) as error:
            values = {}
            self.last_error = str(error) or type(error).__name__
        except TimeoutError:
            values = {}
            self.last_error = f"no answer within {self._timeout.total:g} s"
        self.last_seconds = asyncio.get_running_loop().time() - started
        for labels, value in values.items():
            self._store.append(labels, started_ms, value)
        for labels in self._present - values.keys():
            self._store.append(labels, started_ms, None)
        self._present = set(values)
        self._append_own("up", started_ms, float(self.last_error is None))
        self._append_own("scrape_duration_seconds", started_ms, self.last_seconds)
        self.last_scrape_ms = started_ms

    async def _fetch(self, session: aiohttp.ClientSession) -> str:
        async with session.get(
            self.target.url, timeout=self._timeout, headers=HEADERS, allow_redirects=False
        ) as response:
            if response.status != 200:
                raise ScrapeError(f"answered {response.status}, not 200")
            page = bytearray()
            async for chunk in response.content.iter_any():
                page += chunk
                if len(page) > MAX_PAGE_BYTES:
                    raise ScrapeError(f"the page is longer than {MAX_PAGE_BYTES} bytes")
            return page.decode("utf-8")

    def _append_own(self, name: str, at_ms: int, value: float) -> None:
        labels = labels_of([(NAME, name), *self.target.labels.items()])
        self._store.append(labels, at_ms, value)
