"""A metrics page that tests can change, served over real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

TestServer.__test__ = False  # pytest must not take it for a test

Seen = TypeVar("Seen")


class Page:
    """One target: what it answers next."""

    def __init__(self) -> None:
        """Answers 200 with a single gauge until told otherwise."""
        self.text, self.status, self.delay_s, self.url = "g 1\n", 200, 0.0, ""

    async def answer(self, request: web.Request) -> web.Response:
        """The page as it is now."""
        await asyncio.sleep(self.delay_s)
        return web.Response(text=self.text, status=self.status)


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page at `page.url`."""
    served, app = Page(), web.Application()
    app.router.add_get("/metrics", served.answer)
    async with TestServer(app, host="127.0.0.1") as server:
        served.url = str(server.make_url("/metrics"))
        yield served


async def eventually(look: Callable[[], Awaitable[Seen]], deadline_s: float = 30.0) -> Seen:
    """Look until there is something true to see; fail when there is not within the deadline."""
    async with asyncio.timeout(deadline_s):
        while not (seen := await look()):  # noqa: ASYNC110 - see below
            await asyncio.sleep(0.01)  # polls: what it waits for may be in another process
        return seen
