"""The monitor's HTTP interface: what fires, what changed, what is scraped."""

import math
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from monitor import metrics
from monitor.alerting import Alert, Transition
from monitor.scrape import Scraper
from monitor.templates import go_exponent
from monitor.watch import Watch

WATCH: web.AppKey[Watch] = web.AppKey("watch", Watch)


def create_app(watch: Watch) -> web.Application:
    """The application that reads from `watch`; it changes nothing."""
    app = web.Application()
    app[WATCH] = watch
    app.add_routes(
        [
            web.get("/api/v1/alerts", alerts),
            web.get("/api/v1/targets", targets),
            web.get("/transitions", transitions),
            web.get("/livez", livez),
            web.get("/readyz", readyz),
            web.get("/metrics", own_metrics),
        ]
    )
    return app


async def alerts(request: web.Request) -> web.Response:
    """Pending and firing alerts, in the form of Prometheus's `/api/v1/alerts`."""
    shown = [alert_document(alert) for alert in request.app[WATCH].alerts]
    return web.json_response({"status": "success", "data": {"alerts": shown}})


async def targets(request: web.Request) -> web.Response:
    """The targets and their last scrapes, after Prometheus's `/api/v1/targets`."""
    shown = [target_document(scraper) for scraper in request.app[WATCH].scrapers]
    return web.json_response({"status": "success", "data": {"activeTargets": shown}})


async def transitions(request: web.Request) -> web.Response:
    """Every change of an alert's state since the start, oldest first (the last 10 000)."""
    shown = [transition_document(change) for change in request.app[WATCH].transitions]
    return web.json_response({"transitions": shown})


async def livez(request: web.Request) -> web.Response:
    """200 as long as the loop turns."""
    return web.Response(text="ok\n")


async def readyz(request: web.Request) -> web.Response:
    """200 once every target has been scraped, else 503 with the names of those missing."""
    waiting = [s.target.instance for s in request.app[WATCH].scrapers if s.last_scrape_ms is None]
    if waiting:
        return web.Response(status=503, text=f"not yet scraped: {', '.join(waiting)}\n")
    return web.Response(text="ok\n")


async def own_metrics(request: web.Request) -> web.Response:
    """The monitor's own metrics."""
    store = request.app[WATCH].store
    metrics.STORED_SAMPLES.set(store.sample_count)
    metrics.STORED_SERIES.set(store.series_count)
    metrics.EVICTED_SAMPLES.set(store.evicted)
    metrics.OUT_OF_ORDER_SAMPLES.set(store.out_of_order)
    page = generate_latest(metrics.REGISTRY)
    return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE_LATEST})


def alert_document(alert: Alert) -> dict[str, Any]:
    """One alert as Prometheus shows it."""
    return {
        "labels": dict(alert.labels),
        "annotations": alert.annotations,
        "state": alert.state,
        "activeAt": _rfc3339(alert.active_at_ms),
        "value": go_exponent(alert.value),
    }


def transition_document(transition: Transition) -> dict[str, Any]:
    """One change of state; `at` in Unix seconds, `value` null where JSON has no such number."""
    alert = transition.alert
    return {
        "alert": alert.rule,
        "labels": dict(alert.labels),
        "from": transition.from_state,
        "to": transition.to_state,
        "at": transition.at_ms / 1000,
        "value": alert.value if math.isfinite(alert.value) else None,
        "annotations": alert.annotations,
    }


def target_document(scraper: Scraper) -> dict[str, Any]:
    """One target and how its last scrape went."""
    last = scraper.last_scrape_ms
    return {
        "labels": scraper.target.labels,
        "scrapeUrl": scraper.target.url,
        "health": "unknown" if last is None else ("up" if scraper.up else "down"),
        "lastError": scraper.last_error or "",
        "lastScrape": None if last is None else _rfc3339(last),
        "lastScrapeDuration": scraper.last_seconds,
    }


def _rfc3339(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
