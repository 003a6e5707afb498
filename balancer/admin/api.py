"""The admin listener: what runs, what it does, and how to change it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict

from aiohttp import web

from balancer.admin import live, metrics
from balancer.admin.access import Access, problem, problems
from balancer.admin.actions import Actions, BadBody, if_match, told
from balancer.admin.change import Author, Changes
from balancer.admin.recent import Counts, Recent
from balancer.admin.slices import in_slices
from balancer.net.proxy import Proxy

ENTRIES, MOST_ENTRIES = 100, 1000
"""Of the audit trail in one answer, unless told otherwise, and at most."""

BODY_LIMIT = 1024 * 1024
"""Octets of a configuration: two hundred endpoints take about 20 KiB."""


class AdminApi:
    """The handlers, bound to one running balancer."""

    def __init__(self, proxy: Proxy, changes: Changes) -> None:
        self._proxy = proxy
        self._changes = changes
        self._recent = Recent()

    def application(self) -> web.Application:
        """The aiohttp application that serves it.

        `/livez` and `/metrics` are for anybody who reaches the listener: scrapers carry no tokens,
        and neither tells a secret.
        """
        access = Access(lambda: self._changes.table.config.admin)
        app = web.Application(client_max_size=BODY_LIMIT, middlewares=[problems])
        app.cleanup_ctx.append(self._sampling)
        app.add_routes(
            [
                web.get("/livez", self._livez),
                web.get("/metrics", self._metrics),
                web.get("/table", access.needs("viewer", self._table)),
                web.get("/audit", access.needs("viewer", self._audit)),
                web.get("/config", access.needs("viewer", self._get_config)),
                web.post("/preview", access.needs("viewer", told(self._preview))),
                web.put("/config", access.needs("operator", told(self._put_config))),
                *Actions(self._changes, access).routes(),
            ]
        )
        return app

    async def _sampling(self, app: web.Application) -> AsyncIterator[None]:
        """Keep samples of the counters as long as the listener is there."""
        task = asyncio.create_task(self._sample())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _sample(self) -> None:
        while True:
            loads = [endpoint.load for _, endpoint in self._proxy.table.endpoints()]
            now = self._proxy.now()
            self._recent.keep({load: Counts.of(load, now) async for load in in_slices(loads)})
            await asyncio.sleep(1.0)

    async def _livez(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        page = metrics.Page()
        async for _ in in_slices(metrics.fill(page, self._proxy, self._changes)):
            pass
        answer = web.StreamResponse(headers={"Content-Type": metrics.CONTENT_TYPE})
        await answer.prepare(request)
        async for part in in_slices(page.parts()):
            await answer.write(part)
        return answer

    async def _table(self, request: web.Request, author: Author) -> web.Response:
        now = self._proxy.now()
        pieces = live.pieces(self._proxy.table, self._recent, now)
        text = "".join([piece async for piece in in_slices(pieces)])
        return web.json_response(text=text)

    async def _audit(self, request: web.Request, author: Author) -> web.Response:
        try:
            limit, before = _page(request)
        except ValueError as error:
            return problem(400, str(error))
        entries = self._changes.audit.page(limit, before)
        first = entries[0]["seq"] if entries else 1
        return web.json_response({"entries": entries, "before": first if first > 1 else None})

    async def _get_config(self, request: web.Request, author: Author) -> web.Response:
        table = self._changes.table
        return web.Response(
            text=table.text, content_type="application/yaml", headers={"ETag": f'"{table.hash}"'}
        )

    async def _preview(self, request: web.Request, author: Author) -> web.Response:
        preview = self._changes.preview(await _text(request), "config")
        return web.json_response(asdict(preview))

    async def _put_config(self, request: web.Request, author: Author) -> web.Response:
        expected = if_match(request)
        if expected is None:
            return problem(428, "send If-Match with the ETag that GET /config gave you")
        change = self._changes.put(await _text(request), "config", author, expected)
        return web.json_response(asdict(change), headers={"ETag": f'"{change.hash}"'})


def _page(request: web.Request) -> tuple[int, int | None]:
    """What part of the audit trail is asked for. Raises ValueError, which says what may be."""
    asked = request.query
    if unknown := asked.keys() - {"limit", "before"}:
        raise ValueError(f"no parameter '{min(unknown)}'; there are: limit, before")
    limit, before = asked.get("limit", str(ENTRIES)), asked.get("before")
    if not _is_number(limit) or not 1 <= int(limit) <= MOST_ENTRIES:
        raise ValueError(f"limit: {limit!r} is no whole number from 1 to {MOST_ENTRIES}")
    if before is not None and (not _is_number(before) or int(before) < 1):
        raise ValueError(f"before: {before!r} is no sequence number, a whole number from 1 on")
    return int(limit), int(before) if before is not None else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


async def _text(request: web.Request) -> str:
    """The body as text. Raises BadBody."""
    try:
        return (await request.read()).decode()
    except UnicodeDecodeError as error:
        raise BadBody("the configuration is not UTF-8 text") from error
