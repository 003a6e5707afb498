"""Scraping a real HTTP server, and the loops around it."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor import metrics, scrape
from monitor.app import create_app
from monitor.clock import SteadyClock
from monitor.promql import compile_expression
from monitor.rules import AlertRule, RuleGroup
from monitor.scrape import Scraper, Target
from monitor.selectors import Instant
from monitor.store import Store
from monitor.values import NAME, Value, labels_of
from monitor.watch import Watch
from tests.monitor.conftest import Page, eventually

pytestmark = pytest.mark.live


class Ticking:
    """A clock that moves by a second with each reading."""

    def __init__(self) -> None:
        self.at_ms = 0

    def __call__(self) -> int:
        self.at_ms += 1000
        return self.at_ms


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class Bench:
    """One scraper with its store."""

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        self.store, self.clock = Store(10**6, 1000), Ticking()
        target = Target("authsvc", "auth-1", url)
        self.scraper = Scraper(target, self.store, self.clock, timeout_s)

    def value(self, expression: str) -> Value:
        return compile_expression(expression).evaluate(
            Instant(self.store, self.clock.at_ms, 300_000)
        )


@pytest.fixture
def bench(page: Page, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A scraper of `page` with little patience and small appetite."""
    monkeypatch.setattr(scrape, "MAX_PAGE_BYTES", 100)
    return Bench(page.url, timeout_s=0.2)


def own(name: str) -> tuple[tuple[str, str], ...]:
    return labels_of([(NAME, name), ("job", "authsvc"), ("instance", "auth-1")])


async def test_a_page_arrives_with_its_labels(page: Page, session: aiohttp.ClientSession) -> None:
    """Values are stored under job and instance, beside `up` 1."""
    bench = Bench(page.url)

    await bench.scraper.scrape(session)

    assert bench.value("g") == {own("g"): 1.0}
    assert bench.value("up") == {own("up"): 1.0}


async def test_a_series_that_vanishes_ends(page: Page, session: aiohttp.ClientSession) -> None:
    """What is no longer on the page is not seen for another five minutes."""
    bench = Bench(page.url)
    page.text = "g 1\nh 2\n"
    await bench.scraper.scrape(session)

    page.text = "g 1\n"
    await bench.scraper.scrape(session)

    assert bench.value("h") == {}
    assert bench.value("g") == {own("g"): 1.0}


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        ({"status": 500}, "answered 500"),
        ({"text": "<html>\n"}, ""),
        ({"delay_s": 30.0}, "no answer within 0.2 s"),
        ({"text": "g 1\n" * 1000}, "longer than 100 bytes"),
    ],
)
async def test_a_failed_scrape_ends_every_series(
    page: Page, bench: Bench, session: aiohttp.ClientSession, failure: dict[str, Any], error: str
) -> None:
    """`up` turns 0, the reason is kept, and no rule sees the last word of a dead instance."""
    await bench.scraper.scrape(session)
    assert bench.value("g") == {own("g"): 1.0}

    for name, value in failure.items():
        setattr(page, name, value)
    await bench.scraper.scrape(session)

    assert bench.value("g") == {}
    assert bench.value("up") == {own("up"): 0.0}
    assert error in (bench.scraper.last_error or "")
    assert not bench.scraper.up


async def test_a_refused_connection_is_a_failed_scrape(session: aiohttp.ClientSession) -> None:
    """A target that is not there is down, not an exception."""
    bench = Bench("http://127.0.0.1:1/metrics")

    await bench.scraper.scrape(session)

    assert bench.value("up") == {own("up"): 0.0}
    assert "127.0.0.1" in (bench.scraper.last_error or "")


def watch_of(page: Page, *rules: AlertRule) -> Watch:
    clock, store = SteadyClock(), Store(60_000, 10_000)
    scraper = Scraper(Target("authsvc", "auth-1", page.url), store, clock.now_ms, 1.0)
    return Watch([scraper], [RuleGroup("g", rules)], store, 10_000)


async def happened(watch: Watch, count: int) -> bool:
    return len(watch.transitions) == count


async def test_the_loops_fire_resolve_and_survive_bad_values(page: Page) -> None:
    """From page to transition over HTTP; a rule without a value is counted and stops nobody."""
    page.text = 'g{a="1"} 5\ng{a="2"} 5\n'
    watch = watch_of(
        page,
        AlertRule("Ambiguous", "g / on (job) g > 9"),
        AlertRule("High", "max by (instance) (g) > 4", annotations={"summary": "{{ $value }}"}),
    )
    running = asyncio.create_task(watch.run(0.05, SteadyClock().now_ms))
    async with TestClient(TestServer(create_app(watch), host="127.0.0.1")) as client:
        await eventually(partial(happened, watch, 1))
        assert (await client.get("/readyz")).status == 200
        alerts = await (await client.get("/api/v1/alerts")).json()
        page.text = "g 1\n"
        await eventually(partial(happened, watch, 2))
        changes = (await (await client.get("/transitions")).json())["transitions"]
        targets = await (await client.get("/api/v1/targets")).json()
        own_page = await (await client.get("/metrics")).text()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    [alert] = alerts["data"]["alerts"]
    assert alerts["status"] == "success"
    assert alert.pop("activeAt").endswith("Z")
    assert alert == {
        "labels": {"alertname": "High", "instance": "auth-1"},
        "annotations": {"summary": "5"},
        "state": "firing",
        "value": "5e+00",
    }
    assert [(c["alert"], c["from"], c["to"]) for c in changes] == [
        ("High", "inactive", "firing"),
        ("High", "firing", "inactive"),
    ]
    assert targets["data"]["activeTargets"][0]["health"] == "up"
    assert 'monitor_rule_evaluations_total{alert="High"}' in own_page
    failures = {"alert": "Ambiguous"}
    name = "monitor_rule_evaluation_failures_total"
    assert (metrics.REGISTRY.get_sample_value(name, failures) or 0) >= 1


async def test_it_is_not_ready_before_every_target_was_scraped(page: Page) -> None:
    """503 names the targets that are missing; livez is not concerned."""
    watch = watch_of(page)
    async with TestClient(TestServer(create_app(watch), host="127.0.0.1")) as client:
        answer = await client.get("/readyz")

        assert answer.status == 503
        assert "auth-1" in await answer.text()
        assert (await client.get("/livez")).status == 200
