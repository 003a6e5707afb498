"""The table as `GET /table` shows it: what is configured, what is counted, what was so recently."""

from typing import Any

from balancer import config as configuration
from balancer.admin.recent import Counts, Recent
from balancer.core.endpoint import Endpoint
from balancer.core.pool import Pool
from balancer.table import Table


def document(table: Table, recent: Recent, now: float) -> dict[str, Any]:
    """Everything about pools and endpoints; counters raw, so that a reader can difference them."""
    shares = table.expected_shares()
    pools = [_pool(pool, shares[pool.name], recent, now) for pool in table.pools.values()]
    warnings = configuration.warnings(table.config)
    return {"hash": table.hash, "warnings": warnings, "pools": pools}


def _pool(pool: Pool, shares: dict[str, float], recent: Recent, now: float) -> dict[str, Any]:
    growths = {one: recent.growth(one.load, now) for one in pool.endpoints}
    attempts = sum(growth.attempts for growth in growths.values())
    return {
        "name": pool.name,
        "algorithm": pool.algorithm,
        "ready": len(pool.ready),
        "panic": pool.panicking,
        "queue": pool.waiting.live if pool.waiting else 0,
        "queue_refused": pool.waiting.refused if pool.waiting else 0,
        "unpicked": sum(pool.unpicked.values()),
        "endpoints": [
            {
                **_endpoint(pool, one, now),
                "expected_share": shares[one.name],
                "recent": _recent(growth, attempts),
            }
            for one, growth in growths.items()
        ],
    }


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
