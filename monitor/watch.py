"""The loops: scrape every target, evaluate every rule group, note what changed."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import aiohttp

from monitor import metrics
from monitor.alerting import Active, Alert, Transition, step
from monitor.promql import Query
from monitor.rules import AlertRule, RuleGroup
from monitor.scrape import Scraper
from monitor.selectors import Instant
from monitor.store import Store
from monitor.values import EvaluationError, show

MAX_TRANSITIONS = 10_000
# Lets the scrapes of the same second land before the first evaluation looks at them.
EVALUATION_LAG_S = 0.1

log = logging.getLogger("monitor")


@dataclass(slots=True)
class WatchedRule:
    """A rule, ready to evaluate, with its active alerts."""

    rule: AlertRule
    query: Query
    active: Active
    last_error: str | None = None


class Watch:
    """Everything the monitor knows; the HTTP interface only reads it."""

    def __init__(
        self,
        scrapers: Sequence[Scraper],
        groups: Sequence[RuleGroup],
        store: Store,
        lookback_ms: int,
    ) -> None:
        """`lookback_ms`: how old a sample an instant selector may show."""
        self.scrapers = tuple(scrapers)
        self.store = store
        self.transitions: deque[Transition] = deque(maxlen=MAX_TRANSITIONS)
        self._lookback_ms = lookback_ms
        self._groups = [
            (group, [WatchedRule(rule, rule.compiled(), {}) for rule in group.rules])
            for group in groups
        ]

    @property
    def ready(self) -> bool:
        """Whether every target has been scraped once, successfully or not."""
        return all(scraper.last_scrape_ms is not None for scraper in self.scrapers)

    @property
    def alerts(self) -> list[Alert]:
        """What is pending or firing now."""
        watched = [w for _, rules in self._groups for w in rules]
        return [alert for w in watched for alert in w.active.values()]

    def evaluate(self, group_name: str, now_ms: int) -> None:
        """Evaluate one group's rules at `now_ms`.

        An evaluation without a value is counted and said once, and leaves its alerts as they were.
        """
        rules = next(rules for group, rules in self._groups if group.name == group_name)
        instant = Instant(self.store, now_ms, self._lookback_ms)
        for watched in rules:
            self._evaluate_rule(watched, instant)

    async def run(self, interval_s: float, now_ms: Callable[[], int]) -> None:
        """Scrape and evaluate until cancelled. A mistake in our own code ends this, loudly."""

        async def evaluate(group: str) -> None:
            self.evaluate(group, now_ms())

        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
            for scraper in self.scrapers:
                scrape = partial(self._scrape, scraper, session)
                tasks.create_task(periodically(interval_s, scrape, "scrape"))
            await asyncio.sleep(EVALUATION_LAG_S)
            for group, _ in self._groups:
                every = interval_s if group.interval_ms is None else group.interval_ms / 1000
                tasks.create_task(periodically(every, partial(evaluate, group.name), "evaluate"))

    async def _scrape(self, scraper: Scraper, session: aiohttp.ClientSession) -> None:
        was_up, first = scraper.up, scraper.last_scrape_ms is None
        await scraper.scrape(session)
        target = scraper.target
        result = "ok" if scraper.up else "failed"
        metrics.SCRAPES.labels(target.job, target.instance, result).inc()
        if scraper.up != was_up or (first and not scraper.up):
            log.info(
                "%s/%s is %s%s",
                target.job,
                target.instance,
                "up" if scraper.up else "down",
                "" if scraper.up else f": {scraper.last_error}",
            )

    def _evaluate_rule(self, watched: WatchedRule, instant: Instant) -> None:
        name = watched.rule.name
        metrics.EVALUATIONS.labels(name).inc()
        try:
            value = watched.query.evaluate(instant)
            watched.active, changed = step(watched.rule, watched.active, value, instant.at_ms)
        except (EvaluationError, ArithmeticError) as error:
            metrics.EVALUATION_FAILURES.labels(name).inc()
            if watched.last_error is None:
                log.warning("rule %s has no value: %s", name, error)
            watched.last_error = str(error)
            return
        watched.last_error = None
        for transition in changed:
            self.transitions.append(transition)
            metrics.TRANSITIONS.labels(name, transition.to_state).inc()
            alert = show(transition.alert.labels)
            log.info("%s %s → %s", alert, transition.from_state, transition.to_state)


async def periodically(every_s: float, work: Callable[[], Awaitable[None]], name: str) -> None:
    """Do the work every `every_s` seconds, from now on and without drift.

    A tick that the work itself has overrun is left out and counted, never made up for in a burst.
    """
    loop = asyncio.get_running_loop()
    start, tick = loop.time(), 0
    while True:
        await work()
        due = int((loop.time() - start) / every_s) + 1
        if due > tick + 1:
            metrics.MISSED_TICKS.labels(name).inc(due - tick - 1)
        tick = due
        await asyncio.sleep(start + tick * every_s - loop.time())
