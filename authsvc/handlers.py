"""Register, log in, who am I, log out.

A login: look the account up, let the connection go, wait for a hash slot, hash, then one statement
writes session and audit event, and only then comes the answer. An unknown login takes the same way
with a dummy hash, so that neither words nor time tell it from a wrong password.
"""

import time
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from authsvc import bodies, logins, tokens
from authsvc.attempts import attempt
from authsvc.bodies import Credentials, pointer
from authsvc.hash_queue import HashQueue, Patience
from authsvc.metrics import AttemptMetrics, Flow, HashOp
from authsvc.passwords import Hasher, length_complaint
from authsvc.problems import Code, ProblemError
from authsvc.store import Session, Store
from authsvc.web import request_id

_SECRET = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Accounts:
    """The service port's handlers and what they need. `deadline` is seconds from arrival."""

    store: Store
    hasher: Hasher
    queue: HashQueue
    metrics: AttemptMetrics
    deadline: float

    def add_routes(self, app: web.Application) -> None:
        """Put the handlers where clients find them."""
        app.router.add_post("/v1/users", self.register)
        app.router.add_post("/v1/sessions", self.login)
        app.router.add_get("/v1/whoami", self.whoami)
        app.router.add_delete("/v1/sessions/current", self.logout)

    async def register(self, request: web.Request) -> web.Response:
        """POST /v1/users: 201, 409 if the login is taken, 422 if it or the password will not do."""
        with attempt(Flow.REGISTER, self.metrics, time.monotonic) as arrived:
            asked = await bodies.read(request, Credentials)
            login_norm = _acceptable(asked)
            work = partial(self.hasher.create, asked.password)
            stored = await self.queue.run(HashOp.CREATE, work, self._patience(request, arrived))
            user_id = await self.store.register(
                asked.login, login_norm, stored, request_id(request)
            )
            if user_id is None:
                raise ProblemError(Code.LOGIN_TAKEN)
        return web.json_response({"user_id": str(user_id), "login": asked.login}, status=201)

    async def login(self, request: web.Request) -> web.Response:
        """POST /v1/sessions: 201 with a token, 401, or 503 with Retry-After."""
        with attempt(Flow.LOGIN, self.metrics, time.monotonic) as arrived:
            asked = await bodies.read(request, Credentials)
            minted = tokens.mint()
            session = await self._begin(request, asked, minted.digest, arrived)
        answer = {
            "access_token": minted.token,
            "token_type": "Bearer",
            "session_id": str(session.session_id),
            "expires_at": session.expires_at.isoformat(),
        }
        return web.json_response(answer, status=201, headers=_SECRET)

    async def whoami(self, request: web.Request) -> web.Response:
        """GET /v1/whoami: 200, or 401 without a live session."""
        owner = await self.store.owner(_presented(request))
        if owner is None:
            raise _no_session()
        answer = {"user_id": str(owner.user_id), "login": owner.login}
        return web.json_response(answer, headers=_SECRET)

    async def logout(self, request: web.Request) -> web.Response:
        """DELETE /v1/sessions/current: 204, or 401 without a live session."""
        if not await self.store.end_session(_presented(request), request_id(request)):
            raise _no_session()
        return web.Response(status=204)

    async def _begin(
        self, request: web.Request, asked: Credentials, access_hash: bytes, arrived: float
    ) -> Session:
        account = await self.store.account(logins.normalise(asked.login))
        stored = account.password if account else None
        work = partial(self.hasher.verify, asked.password, stored)
        op = HashOp.VERIFY if account else HashOp.DUMMY
        right = await self.queue.run(op, work, self._patience(request, arrived))
        session = None
        if account is not None and right and account.active:
            session = await self.store.begin_session(account, access_hash, request_id(request))
        if session is None:
            user_id = account.user_id if account else None
            await self.store.refuse_login(user_id, request_id(request))
            raise ProblemError(Code.INVALID_CREDENTIALS, headers={"WWW-Authenticate": "Bearer"})
        return session

    def _patience(self, request: web.Request, arrived: float) -> Patience:
        """aiohttp does not cancel the handler of a client that left, so the queue has to look."""

        def gone() -> bool:
            return request.transport is None or request.transport.is_closing()

        return Patience(arrived + self.deadline, gone)


def _acceptable(asked: Credentials) -> str:
    """The normalised login of a registration. Raises ProblemError with pointers."""
    login_norm = logins.normalise(asked.login)
    complaints = {
        pointer("login"): None if login_norm else logins.POLICY,
        pointer("password"): length_complaint(asked.password),
    }
    wrong = [{"pointer": at, "detail": why} for at, why in complaints.items() if why]
    if wrong or login_norm is None:
        raise ProblemError(Code.INVALID_REQUEST, errors=wrong)
    return login_norm


def _presented(request: web.Request) -> bytes:
    """The digest of the bearer token. Raises ProblemError if there is none that could be ours."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = tokens.digest(token.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        raise _no_session()
    return found


def _no_session() -> ProblemError:
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return ProblemError(Code.INVALID_TOKEN, headers=challenge)
