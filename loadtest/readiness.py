"""How the runner can tell, from outside, that a part is ready. An error means: not yet."""

import aiohttp

from loadtest import metrics
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


def every_endpoint_up(admin: str) -> Ready:
    """Ready when the balancer's metrics say that every endpoint of every pool is up.

    A balancer that is up but has not probed yet would answer the first logins with 503.
    """

    async def ready() -> bool:
        page = await get(f"{admin}/metrics")
        return page is not None and all_up(page)

    return ready


def all_up(page: str) -> bool:
    """Whether each endpoint on the balancer's metrics page is up, and there is one."""
    found = metrics.values(page, "lb_endpoint_up")
    return bool(found) and all(found.values())
