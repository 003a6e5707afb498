"""The audit as operators read it: newest first, page by page."""

from dataclasses import dataclass

from aiohttp import web
from pydantic import ValidationError

from authsvc.api.admin.forms import AuditPage, AuditQuery, EventView, shown
from authsvc.api.problems import Code, ProblemError
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
        wanted = _asked(request).wanted()
        found = await self.events.page(wanted)
        more = len(found) == wanted.limit
        return shown(
            AuditPage(
                events=[EventView.of(event) for event in found],
                next=str(found[-1].place) if more else None,
            )
        )


def _asked(request: web.Request) -> AuditQuery:
    """What the query asks for. Raises ProblemError that names the parameters that will not do."""
    names = [name for name, _ in request.query.items()]  # iterating it drops repeated ones
    wrong = [
        {"parameter": name, "detail": "give it once"} for name in {*names} if names.count(name) > 1
    ]
    if not wrong:
        try:
            return AuditQuery.model_validate(dict(request.query))
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            wrong = [{"parameter": str(e["loc"][0]), "detail": e["msg"]} for e in found]
    raise ProblemError(Code.INVALID_QUERY, errors=wrong)
