"""What the holder of an access token can do: who am I, where am I logged in, log out."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from aiohttp import web

from authsvc.api.problems import Code, ProblemError
from authsvc.api.sessions import SECRET, no_session, presented
from authsvc.metrics import EndReason
from authsvc.service import Service
from authsvc.store.sessions import Listed


@dataclass(frozen=True, slots=True)
class Holder:
    """The handlers of `/v1/whoami` and of a holder's own `/v1/sessions`."""

    service: Service

    def add_routes(self, app: web.Application) -> None:
        """Put them where clients find them."""
        app.router.add_get("/v1/whoami", self.whoami)
        app.router.add_get("/v1/sessions", self.sessions)
        app.router.add_delete("/v1/sessions", self.end_others)
        app.router.add_delete("/v1/sessions/current", self.logout)
        app.router.add_delete("/v1/sessions/{id}", self.end_one)

    async def whoami(self, request: web.Request) -> web.Response:
        """GET /v1/whoami: 200, or 401 without a live session."""
        owner = await self.service.sessions.owner(presented(request))
        if owner is None:
            raise no_session()
        if owner.unseen:
            self.service.upkeep.used(owner.session_id)
        answer = {
            "user_id": str(owner.user_id),
            "login": owner.login,
            "session_id": str(owner.session_id),
            "expires_at": owner.expires_at.isoformat(),
        }
        return web.json_response(answer, headers=SECRET)

    async def sessions(self, request: web.Request) -> web.Response:
        """GET /v1/sessions: 200 with the holder's live sessions, this one first; 401."""
        found = await self.service.sessions.live(presented(request))
        if not found:
            raise no_session()
        return web.json_response({"sessions": [_shown(one) for one in found]}, headers=SECRET)

    async def logout(self, request: web.Request) -> web.Response:
        """DELETE /v1/sessions/current: 204, or 401 without a live session."""
        service = self.service
        if not await service.sessions.end(service.origin(request), presented(request)):
            raise no_session()
        self._count(EndReason.LOGOUT)
        return web.Response(status=204)

    async def end_one(self, request: web.Request) -> web.Response:
        """DELETE /v1/sessions/{id}: 204; 401; 404 for another's as for none."""
        service, access_hash = self.service, presented(request)
        session_id = _uuid(request.match_info["id"])
        ended = await service.sessions.end_one(service.origin(request), access_hash, session_id)
        if ended is None:
            raise no_session()
        if not ended:
            raise ProblemError(Code.SESSION_NOT_FOUND)
        self._count(EndReason.REVOKED)
        return web.Response(status=204)

    async def end_others(self, request: web.Request) -> web.Response:
        """DELETE /v1/sessions: 200 with how many others were ended; 401."""
        service = self.service
        ended = await service.sessions.end_others(service.origin(request), presented(request))
        if ended is None:
            raise no_session()
        self._count(EndReason.REVOKED, ended)
        return web.json_response({"ended": ended}, headers=SECRET)

    def _count(self, reason: EndReason, sessions: int = 1) -> None:
        self.service.metrics.sessions.ended.labels(reason).inc(sessions)


def _uuid(text: str) -> UUID:
    """A session's id; the nil UUID, which no session has, for text that is none."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _shown(one: Listed) -> dict[str, Any]:
    stamps = ("created_at", "last_seen_at", "expires_at")
    texts = {name: getattr(one, name).isoformat() for name in stamps}
    return {**asdict(one), **texts, "id": str(one.id), "ip": one.ip and str(one.ip)}
