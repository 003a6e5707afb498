"""Log in, who am I, log out.

A login: look the account up, let the connection go, wait for a hash slot, hash, then one statement
writes session and audit event, and only then comes the answer. An unknown login takes the same way
with a dummy hash, so that neither words nor time tell it from a wrong password.
"""

from dataclasses import dataclass

from aiohttp import web

from authsvc import tokens
from authsvc.api import bodies
from authsvc.api.attempts import attempt
from authsvc.api.bodies import Credentials
from authsvc.api.problems import Code, ProblemError
from authsvc.metrics import Flow
from authsvc.service import Service
from authsvc.store.sessions import Session

SECRET = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Sessions:
    """The handlers of `/v1/sessions` and `/v1/whoami`."""

    service: Service

    def add_routes(self, app: web.Application) -> None:
        """Put them where clients find them."""
        app.router.add_post("/v1/sessions", self.login)
        app.router.add_get("/v1/whoami", self.whoami)
        app.router.add_delete("/v1/sessions/current", self.logout)

    async def login(self, request: web.Request) -> web.Response:
        """POST /v1/sessions: 201 with a token, 401, or 503 with Retry-After."""
        service = self.service
        with attempt(Flow.LOGIN, service.metrics.attempts, service.clock) as arrived:
            asked = await bodies.read(request, Credentials)
            minted = tokens.mint()
            session = await self._begin(request, asked, minted.digest, arrived)
        answer = {
            "access_token": minted.token,
            "token_type": "Bearer",
            "session_id": str(session.session_id),
            "expires_at": session.expires_at.isoformat(),
        }
        return web.json_response(answer, status=201, headers=SECRET)

    async def whoami(self, request: web.Request) -> web.Response:
        """GET /v1/whoami: 200, or 401 without a live session."""
        owner = await self.service.sessions.owner(presented(request))
        if owner is None:
            raise no_session()
        answer = {"user_id": str(owner.user_id), "login": owner.login}
        return web.json_response(answer, headers=SECRET)

    async def logout(self, request: web.Request) -> web.Response:
        """DELETE /v1/sessions/current: 204, or 401 without a live session."""
        service = self.service
        if not await service.sessions.end(service.origin(request), presented(request)):
            raise no_session()
        return web.Response(status=204)

    async def _begin(
        self, request: web.Request, asked: Credentials, access_hash: bytes, arrived: float
    ) -> Session:
        service, origin = self.service, self.service.origin(request)
        account = await service.accounts.find(service.login_norm(asked.login))
        patience = service.patience(request, arrived)
        right = await service.checking.right(asked.password, account, patience)
        session = None
        if account is not None and right and account.active:
            if account.must_change:
                await service.accounts.refuse_login(origin, account.user_id)
                raise ProblemError(Code.PASSWORD_CHANGE_REQUIRED)
            session = await service.sessions.begin(origin, account, access_hash)
            service.checking.renew(account, asked.password)
        if session is None:
            await service.accounts.refuse_login(origin, account.user_id if account else None)
            raise ProblemError(Code.INVALID_CREDENTIALS, headers={"WWW-Authenticate": "Bearer"})
        return session


def presented(request: web.Request) -> bytes:
    """The digest of the bearer token. Raises ProblemError if there is none that could be ours."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = tokens.digest(token.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        raise no_session()
    return found


def no_session() -> ProblemError:
    """There is no live session behind the request."""
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return ProblemError(Code.INVALID_TOKEN, headers=challenge)
