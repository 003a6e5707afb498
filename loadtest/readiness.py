"""How the runner can tell, from outside, that a part is ready. An error means: not yet."""

import json
from typing import Any

import aiohttp

from loadtest.parts import Ready

PATIENCE = aiohttp.ClientTimeout(total=1.0)


async def get(url: str) -> str | None:
    """The body of a 200 answer within a second; None for anything else."""
    try:
        async with (
            aiohttp.ClientSession(timeout=PATIENCE) as session,
            session.get(url) as response,
        ):
            return await response.text() if response.status == 200 else None
    except (aiohttp.ClientError, TimeoutError):
        return None


def answers(url: str) -> Ready:
    """Ready when `url` answers 200."""

    async def ready() -> bool:
        return await get(url) is not None

    return ready


def every_endpoint_healthy(admin: str) -> Ready:
    """Ready when the balancer's table says that every endpoint of every pool is healthy.

    A balancer that is up but has not probed yet would answer the first logins with 503.
    """

    async def ready() -> bool:
        body = await get(f"{admin}/table")
        return body is not None and all_healthy(json.loads(body))

    return ready


def all_healthy(table: dict[str, Any]) -> bool:
    """Whether each endpoint in the balancer's `GET /table` is healthy, and there is one."""
    endpoints = [endpoint for pool in table["pools"] for endpoint in pool["endpoints"]]
    return bool(endpoints) and all(endpoint["healthy"] for endpoint in endpoints)
