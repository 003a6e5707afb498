"""Takes a scenario through its phases against a running stack.

Between two phases: stop new logins, wait until instances and balancer have counted the same
attempts, change the configuration through the balancer's public interface, and start the same
seeded schedule again.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from loadtest import counts
from loadtest.config_api import ConfigApi, Running
from loadtest.counts import Counts
from loadtest.exchange import Exchange
from loadtest.generator import Generator
from loadtest.measurement import Window
from loadtest.metrics import Scraper
from loadtest.scenario import Phase
from loadtest.settings import Settings
from loadtest.timeline import Sample

LOOK_EVERY = 0.25


@dataclass
class Journal:
    """What has happened so far; the live display reads it while the phases write it."""

    exchanges: list[Exchange] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    now: Phase | None = None
    began: float = 0.0


@dataclass(frozen=True)
class Tools:
    """What a run works with."""

    generator: Generator
    config: ConfigApi
    scraper: Scraper


class PhaseRunner:
    """Runs phases in order and writes a Window for each into the journal."""

    def __init__(self, tools: Tools, settings: Settings, journal: Journal) -> None:
        self._tools = tools
        self._settings = settings
        self._journal = journal

    async def run(
        self, phases: Sequence[Phase], running: Running, announce: Callable[[Phase], None]
    ) -> None:
        """All phases, beginning on the configuration that runs. `announce` hears each begin.

        Raises GeneratorFailed, ConfigRefused, LookupError, aiohttp.ClientError.
        """
        before = await counts.settled(self._tools.scraper)
        for phase in phases:
            if phase.change is not None:
                wanted = phase.change(running.config, self._settings)
                running = await self._tools.config.put(wanted, running)
            before = await self._phase(phase, running, before, announce)
        self._journal.now = None

    async def _phase(
        self, phase: Phase, running: Running, before: Counts, announce: Callable[[Phase], None]
    ) -> Counts:
        """One phase; returns the counts at its paused end, where the next one begins."""
        journal = self._journal
        journal.began = began = time.monotonic()
        journal.now = phase
        announce(phase)
        await self._tools.generator.phase(phase.name)
        reached = await self._last(phase, began)
        offered = await self._tools.generator.pause()
        ended = time.monotonic()
        after = await counts.settled(self._tools.scraper)
        added = after.since(before)
        journal.windows.append(
            Window(
                name=phase.name,
                deed=phase.deed,
                began=began,
                ended=ended,
                settle=self._settings.settle(ended - began),
                offered=offered,
                config_hash=running.hash,
                expected_shares=running.expected_shares,
                attempts=added.instances,
                attempts_at_balancer=added.balancer,
                failing_expected=phase.failing(self._settings) if phase.failing else None,
                reached=reached,
            )
        )
        return after

    async def _last(self, phase: Phase, began: float) -> bool | None:
        """Let the phase last; tells whether its condition came true, None if it has none."""
        end = began + self._settings.length(phase.name)
        if phase.until_idle is None:
            await asyncio.sleep(end - time.monotonic())
            return None
        endpoint = phase.until_idle(self._settings)
        # At least a patience long, so that even a queue that is empty at once leaves logins to see.
        await asyncio.sleep(min(self._settings.patience, end - time.monotonic()))
        while await self._tools.scraper.queue_depth(endpoint) > 0:
            if time.monotonic() >= end:
                return False
            await asyncio.sleep(LOOK_EVERY)
        return True
