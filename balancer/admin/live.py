"""The table as `GET /table` shows it: what is configured, what is counted, what was so recently."""

import json
from collections.abc import Iterator
from typing import Any

from balancer import config as configuration
from balancer.admin.recent import Counts, Recent
from balancer.core.endpoint import Endpoint
from balancer.core.pool import Pool
from balancer.table import Table


def pieces(table: Table, recent: Recent, now: float) -> Iterator[str]:
    """Everything about pools and endpoints as JSON, an endpoint at a time; counters are raw, so
    that a reader can difference them.
    """
    warnings = json.dumps(configuration.warnings(table.config))
    yield f'{{"hash": "{table.hash}", "warnings": {warnings}, "pools": ['
    for place, pool in enumerate(table.pools.values()):
        yield ", " if place else ""
        yield from _pool(pool, recent, now)
    yield "]}"


def _pool(pool: Pool, recent: Recent, now: float) -> Iterator[str]:
    growths = {}
    for one in pool.endpoints:
        growths[one] = recent.growth(one.load, now)
        yield ""
    shares, attempts = pool.expected_shares(), sum(one.attempts for one in growths.values())
    head = {
        "name": pool.name,
        "algorithm": pool.algorithm,
        "ready": len(pool.ready),
        "panic": pool.panicking,
        "queue": pool.waiting.live if pool.waiting else 0,
        "queue_refused": pool.waiting.refused if pool.waiting else 0,
        "unpicked": sum(pool.unpicked.values()),
    }
    yield json.dumps(head)[:-1] + ', "endpoints": ['
    for place, (one, growth) in enumerate(growths.items()):
        shown = _endpoint(pool, one, now) | {
            "expected_share": shares[one.name],
            "recent": _recent(growth, attempts),
        }
        yield (", " if place else "") + json.dumps(shown)
    yield "]}"


def _endpoint(pool: Pool, one: Endpoint, now: float) -> dict[str, Any]:
    counts, until = Counts.of(one.load, now), one.health.ejected_until
    return {
        "name": one.name,
        "address": one.address,
        "weight": one.weight,
        "state": one.state,
        "healthy": one.health.up,
        "ejected": until > 0,
        "ejected_seconds": round(max(0.0, until - now), 3),
        "warming": pool.warms(one),
        "in_flight": one.load.in_flight,
        "attempts": counts.attempts,
        "finished": counts.finished,
        "failed": counts.failed,
        "abandoned": counts.abandoned,
        "seconds": counts.seconds,
    }


def _recent(growth: Counts, attempts: int) -> dict[str, Any]:
    """Over the last ten seconds, or since it was added. None where there was nothing to measure."""
    return {
        "seconds": growth.at,
        "attempts": growth.attempts,
        "rate": growth.attempts / growth.at if growth.at > 0 else 0.0,
        "share": growth.attempts / attempts if attempts else None,
        "failing_share": growth.failed / growth.finished if growth.finished else None,
        "abandoned_share": growth.abandoned / growth.finished if growth.finished else None,
        "mean": growth.mean,
        "p50": growth.quantile(0.5),
        "p99": growth.quantile(0.99),
    }
