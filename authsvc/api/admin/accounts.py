"""Accounts in the hands of operators: find, create, disable, enable, unlock, reset, log out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from authsvc.api import bodies
from authsvc.api.admin import queries
from authsvc.api.admin.forms import (
    Id,
    LoginOnly,
    LoginQuery,
    SessionList,
    SessionsEnded,
    UserList,
    UserView,
    shown,
)
from authsvc.api.admin.guard import OPERATOR
from authsvc.api.bodies import pointer
from authsvc.api.problems import Code, ProblemError
from authsvc.metrics import AdminAction, EndReason
from authsvc.origin import Origin
from authsvc.service import Service
from authsvc.store.administration import Administration, User

_UUID = TypeAdapter[UUID](Id)
Deed = Callable[[Origin, UUID], Awaitable[int | None]]


@dataclass(frozen=True, slots=True)
class Accounts:
    """The handlers of `/admin/users`."""

    service: Service
    administration: Administration

    def add_routes(self, app: web.Application) -> None:
        """Put them where operators find them."""
        one = "/admin/users/{id}"
        app.router.add_post("/admin/users", self.create)
        app.router.add_get("/admin/users", self.search, allow_head=False)
        app.router.add_get(one, self.look, allow_head=False)
        app.router.add_post(f"{one}/disable", self.disable)
        app.router.add_post(f"{one}/enable", self.enable)
        app.router.add_post(f"{one}/unlock", self.unlock)
        app.router.add_post(f"{one}/reset", self.reset)
        app.router.add_get(f"{one}/sessions", self.sessions, allow_head=False)
        app.router.add_delete(f"{one}/sessions", self.end_sessions)

    async def create(self, request: web.Request) -> web.Response:
        """POST /admin/users: 201; its owner chooses a password by the reset that is now due."""
        asked = await bodies.read(request, LoginOnly)
        login_norm = self.service.login_norm(asked.login)
        if login_norm is None:
            wrong = {"pointer": pointer("login"), "detail": self.service.settings.names.policy}
            raise ProblemError(Code.INVALID_REQUEST, errors=[wrong])
        user_id = await self.administration.create(self._origin(request), asked.login, login_norm)
        if user_id is None:
            raise ProblemError(Code.LOGIN_TAKEN)
        self._count(AdminAction.CREATE)
        return shown(UserView.of(await self._user(user_id)), status=201)

    async def search(self, request: web.Request) -> web.Response:
        """GET /admin/users?login=: none or one."""
        asked = queries.read(request, LoginQuery)
        found = await self.administration.named(self.service.login_norm(asked.login))
        return shown(UserList(users=[UserView.of(found)] if found else []))

    async def look(self, request: web.Request) -> web.Response:
        """GET /admin/users/{id}."""
        return shown(UserView.of(await self._user(_id(request))))

    async def disable(self, request: web.Request) -> web.Response:
        """POST …/disable: no more logins, and all sessions end. Once done, done again is fine."""
        return await self._set(request, AdminAction.DISABLE, self.administration.disable)

    async def enable(self, request: web.Request) -> web.Response:
        """POST …/enable: logins again; sessions stay ended."""
        return await self._set(request, AdminAction.ENABLE, self.administration.enable)

    async def unlock(self, request: web.Request) -> web.Response:
        """POST …/unlock: what was counted against the account is forgotten."""
        user = await self._user(_id(request))
        login_norm = self.service.login_norm(user.login) or user.login
        await self.service.throttle.unlock(self._origin(request), user.id, login_norm)
        self._count(AdminAction.UNLOCK)
        return shown(UserView.of(user))

    async def reset(self, request: web.Request) -> web.Response:
        """POST …/reset: 202; the password must change, sessions end, a message goes out."""
        user = await self._user(_id(request))
        ended = await self.administration.start_reset(self._origin(request), user.id)
        if ended is None:
            raise ProblemError(Code.WRONG_STATUS, f"it is {user.status}; enable it first")
        self._count(AdminAction.RESET, EndReason.PASSWORD_RESET, ended)
        return shown(UserView.of(await self._user(user.id)), status=202)

    async def sessions(self, request: web.Request) -> web.Response:
        """GET …/sessions: the live ones, the newest first."""
        user = await self._user(_id(request))
        return shown(SessionList.of(await self.administration.sessions(user.id)))

    async def end_sessions(self, request: web.Request) -> web.Response:
        """DELETE …/sessions: how many ended."""
        user = await self._user(_id(request))
        ended = await self.administration.end_sessions(self._origin(request), user.id)
        self._count(AdminAction.END_SESSIONS, EndReason.ADMIN, ended)
        return shown(SessionsEnded(ended=ended))

    async def _set(self, request: web.Request, action: AdminAction, deed: Deed) -> web.Response:
        user = await self._user(_id(request))
        ended = await deed(self._origin(request), user.id)
        if ended is not None:
            self._count(action, EndReason.DISABLED, ended)
        return shown(UserView.of(await self._user(user.id)))

    async def _user(self, user_id: UUID) -> User:
        found = await self.administration.user(user_id)
        if found is None:
            raise ProblemError(Code.USER_NOT_FOUND)
        return found

    def _origin(self, request: web.Request) -> Origin:
        return self.service.origin(request, actor=request[OPERATOR])

    def _count(
        self, action: AdminAction, reason: EndReason = EndReason.ADMIN, ended: int = 0
    ) -> None:
        self.service.metrics.admin.actions.labels(action).inc()
        self.service.metrics.sessions.ended.labels(reason).inc(ended)


def _id(request: web.Request) -> UUID:
    """The account that the path names. Raises ProblemError if it cannot name one."""
    try:
        return _UUID.validate_python(request.match_info["id"])
    except ValidationError:
        raise ProblemError(Code.USER_NOT_FOUND, "ids are UUIDs") from None  # it has the input
