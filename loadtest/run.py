"""One run of a scenario, from an empty machine to its measurement; nothing is left behind."""

import asyncio
import platform
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import aiohttp

from loadtest import forecast
from loadtest.alerts import Alerts, alert_results
from loadtest.config_api import ConfigApi, Running
from loadtest.exchange import Exchange, to_line
from loadtest.forecast import Forecast
from loadtest.generator import Generator, Load
from loadtest.measurement import Measurement, phase_result
from loadtest.metrics import Scraper
from loadtest.phases import Journal, PhaseRunner, Tools
from loadtest.scenario import Phase, Scenario
from loadtest.settings import Settings
from loadtest.stack import Stack, StackOptions
from loadtest.timeline import Sample
from loadtest.verdict import Check, Verdict, judge

SAMPLE_EVERY = 1.0
T = TypeVar("T")


class PartDied(Exception):
    """A part of the stack ended during the run; the text says which."""


@dataclass(frozen=True)
class Plan:
    """What to run: one scenario with its settings, where, and with which dice."""

    scenario: Scenario
    settings: Settings
    seed: int
    port_base: int
    out: Path
    cured: bool = True

    @property
    def phases(self) -> Sequence[Phase]:
        """The scenario's phases, or what is left of them without the cure."""
        return self.scenario.phases if self.cured else self.scenario.without_cure()

    @property
    def longest(self) -> float:
        """Seconds that all phases last at most."""
        return sum(self.settings.length(phase.name) for phase in self.phases)


@dataclass(frozen=True)
class Outcome:
    """A finished run: what was planned, lived, measured and judged."""

    plan: Plan
    journal: Journal
    measurement: Measurement
    forecast: Forecast
    verdict: Verdict
    checks: Sequence[Check]
    facts: dict[str, Any]


class Watcher:
    """Is told what goes on while a run lasts. This one keeps silent; a display overrides it."""

    def says(self, line: str) -> None:
        """Something worth a line happened before the phases, or after."""

    def phase(self, phase: Phase) -> None:
        """A phase begins."""

    def tick(self, journal: Journal, firing: Sequence[str]) -> None:
        """Once a second, while the phases last."""


async def run(plan: Plan, watcher: Watcher) -> Outcome:
    """Start the stack, run the phases, measure, judge; the stack is stopped on every way out.

    Raises what `loadtest.reproduce` explains: whatever a Stack raises on start, PartDied,
    GeneratorFailed, ConfigRefused, ForecastFailed, LookupError, aiohttp.ClientError.
    """
    started = datetime.now(UTC)
    journal = Journal()
    async with running_stack(plan, watcher) as stack, aiohttp.ClientSession() as session:
        story = _story(plan, stack, session, journal, watcher)
        predicted, alerts, facts = await guarded(story, _raise_on_death(stack))
    watcher.says("measuring and judging …")
    (plan.out / "exchanges.jsonl").write_bytes(
        b"".join(to_line(exchange.event()) for exchange in journal.exchanges)
    )
    measurement = _measure(plan, journal, predicted, alerts)
    verdict, checks = judge(measurement)
    facts |= {"started_at": started.isoformat(timespec="seconds"), "versions": versions()}
    return Outcome(plan, journal, measurement, predicted, verdict, checks, facts)


@asynccontextmanager
async def running_stack(plan: Plan, watcher: Watcher) -> AsyncIterator[Stack]:
    """The stack as the scenario needs it, ready; stopped when left."""
    settings = plan.settings
    options = StackOptions(
        port_base=plan.port_base,
        instances=settings.instances,
        hash_queue=9 if settings.safe else "unbounded",
        abandoned="drop" if settings.safe else "finish",
        hash_seconds=settings.hash_seconds,
        compress=settings.compress,
        users=settings.users,
        fsync=False,
        guards=False,  # the postmortem's balancer had none, and the forecast knows none yet
    )
    stack = Stack(options, watcher.says)
    began = time.monotonic()
    await stack.start()
    try:
        watcher.says(f"the stack is up after {time.monotonic() - began:.1f} s")
        yield stack
    finally:
        watcher.says("stopping the stack …")
        await stack.stop()


async def _story(
    plan: Plan, stack: Stack, session: aiohttp.ClientSession, journal: Journal, watcher: Watcher
) -> tuple[Forecast, Alerts, dict[str, Any]]:
    """Forecast, then the phases under load, sampled; the load has ended when this returns."""
    urls, settings = stack.addresses, plan.settings
    instances = {name: urls[f"{name} private"] for name in stack.options.names}
    scraper = Scraper(session, urls["balancer admin"], instances)
    config = ConfigApi(session, urls["balancer admin"], stack.admin_token)
    offset = time.monotonic() - datetime.now(UTC).timestamp()
    alerts = Alerts(session, urls["monitor"], offset)
    running = await config.get()
    predicted = await _forecast(plan, running)
    watcher.says(f"forecast: {predicted.failing_share:.0%} of logins will fail in the outage")
    generator = await Generator.start(_load(plan, stack), plan.out, journal.exchanges.append)
    phases = PhaseRunner(Tools(generator, config, scraper), settings, journal)
    try:
        await guarded(
            phases.run(plan.phases, running, watcher.phase),
            _sample(scraper, alerts, journal, watcher),
        )
        await alerts.poll()
        await generator.quit()
    finally:
        await generator.kill()
    return predicted, alerts, {"sources_bound": generator.sources_bound}


def _load(plan: Plan, stack: Stack) -> Load:
    """The traffic of a plan, against that stack."""
    settings = plan.settings
    return Load(
        url=stack.addresses["balancer"],
        password=stack.password,
        rate=settings.rate,
        seed=plan.seed,
        patience=settings.patience,
        users=settings.users,
        sources=settings.sources,
        cap=settings.in_flight_cap,
    )


async def _forecast(plan: Plan, running: Running) -> Forecast:
    """What the fault will do, asked before it is done."""
    broken = plan.scenario.fault(running.config, plan.settings)
    return await forecast.ask(broken, plan.settings, plan.settings.outage_s, plan.out)


async def _sample(scraper: Scraper, alerts: Alerts, journal: Journal, watcher: Watcher) -> NoReturn:
    """Once a second until cancelled: scrape, ask the monitor, show."""
    tick = time.monotonic()
    while True:
        pages, _ = await asyncio.gather(scraper.instances(), alerts.poll())
        journal.samples.append(Sample.of_pages(time.monotonic(), pages, alerts.firing))
        watcher.tick(journal, alerts.firing)
        tick += SAMPLE_EVERY
        await asyncio.sleep(tick - time.monotonic())


def _measure(plan: Plan, journal: Journal, predicted: Forecast, alerts: Alerts) -> Measurement:
    """The journal in numbers."""
    by_phase: dict[str, list[Exchange]] = {window.name: [] for window in journal.windows}
    for exchange in journal.exchanges:
        by_phase[exchange.phase].append(exchange)
    spans = [(window.name, window.began, window.ended) for window in journal.windows]
    return Measurement(
        phases=[phase_result(window, by_phase[window.name]) for window in journal.windows],
        alerts=alert_results(alerts.transitions, spans),
        forecast_failing=predicted.failing_share,
        forecast_shares=predicted.shares,
        must_fire=plan.scenario.alerts,
        patience=plan.settings.patience,
        cured=plan.cured,
    )


async def guarded(main: Coroutine[Any, Any, T], guard: Coroutine[Any, Any, NoReturn]) -> T:
    """Await `main` while `guard` lasts; a guard that raises cancels `main` and is raised here."""
    tasks = asyncio.create_task(main), asyncio.create_task(guard)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            return tasks[0].result()
        return tasks[1].result()
    finally:
        for task in tasks:
            task.cancel()
        # Waits for their clean-up. What they raise while they are cancelled is not news: the
        # reason to cancel them is on its way already.
        await asyncio.gather(*tasks, return_exceptions=True)


async def _raise_on_death(stack: Stack) -> NoReturn:
    raise PartDied(await stack.died())


def versions() -> dict[str, str]:
    """What the run was made with."""
    names = ("evenhand", "locust", "gevent", "geventhttpclient", "aiohttp", "bcrypt")
    return {"python": platform.python_version()} | {name: version(name) for name in names}
