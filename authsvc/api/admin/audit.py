"""The audit as operators read it: newest first, page by page."""

from dataclasses import dataclass

from aiohttp import web

from authsvc.api.admin import queries
from authsvc.api.admin.forms import AuditPage, AuditQuery, EventView, Next, shown
from authsvc.store.events import Events


@dataclass(frozen=True, slots=True)
class Audit:
    """The handler of `/admin/audit`."""

    events: Events

    def add_routes(self, app: web.Application) -> None:
        """Put it where operators find it."""
        app.router.add_get("/admin/audit", self.read, allow_head=False)

    async def read(self, request: web.Request) -> web.Response:
        """GET /admin/audit: a page, and where the next one begins."""
        wanted = queries.read(request, AuditQuery).wanted()
        found = await self.events.page(wanted)
        last = found[-1] if len(found) == wanted.limit else None
        return shown(
            AuditPage(
                events=[EventView.of(event) for event in found],
                next=Next(before=last.at, before_id=last.id) if last else None,
            )
        )
