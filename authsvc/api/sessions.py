"""Log in, and stay logged in: what hands out tokens.

A login: look the account up, claim an attempt, let the connection go, wait for a hash slot, hash,
then one statement writes session and audit event, and only then comes the answer. An unknown login
takes the same way with a dummy hash, so that neither words nor time tell it from a wrong password.

A refresh: read the session, judge, write what was judged; `renewal` and `store.renewals` say how.
"""

from dataclasses import dataclass
from uuid import uuid4

from aiohttp import web

from authsvc.api import bodies
from authsvc.api.attempts import attempt
from authsvc.api.bodies import Credentials, Refresh
from authsvc.api.problems import Code, ProblemError
from authsvc.metrics import EndReason, Flow
from authsvc.renewal import Verdict, judge
from authsvc.service import Service
from authsvc.store.sessions import Grant
from authsvc.throttling import Guess
from authsvc.tokens import Claim, Pair, digest

SECRET = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Sessions:
    """The handlers of `POST /v1/sessions` and `/v1/sessions/refresh`."""

    service: Service

    def add_routes(self, app: web.Application) -> None:
        """Put them where clients find them."""
        app.router.add_post("/v1/sessions", self.login)
        app.router.add_post("/v1/sessions/refresh", self.refresh)

    async def login(self, request: web.Request) -> web.Response:
        """POST /v1/sessions: 201 with tokens, 401, or 503 with Retry-After."""
        service = self.service
        with attempt(Flow.LOGIN, service.metrics.attempts, service.clock) as arrived:
            asked = await bodies.read(request, Credentials)
            pair = service.tokens.pair(claim := Claim(uuid4(), 0))
            grant = await self._begin(request, asked, claim, pair, arrived)
        return web.json_response(_handed_out(pair, grant), status=201, headers=SECRET)

    async def refresh(self, request: web.Request) -> web.Response:
        """POST /v1/sessions/refresh: 200 with the next tokens, or 401."""
        service = self.service
        with attempt(Flow.REFRESH, service.metrics.attempts, service.clock):
            asked = await bodies.read(request, Refresh)
            claim = service.tokens.claim(asked.refresh_token)
            if claim is None:
                raise no_session()
            pair, grant = await self._renew(request, claim)
        return web.json_response(_handed_out(pair, grant), headers=SECRET)

    async def _renew(self, request: web.Request, claim: Claim) -> tuple[Pair, Grant]:
        """What the claimed generation's successor is granted. Another refresh may come between
        reading and writing; then it is read again, and that one's outcome is what is judged."""
        renewals, tokens = self.service.renewals, self.service.tokens
        origin = self.service.origin(request)
        following = Claim(claim.session_id, claim.generation + 1)
        while True:
            held = await renewals.held(claim)
            verdict = judge(claim.generation, held)
            if verdict is Verdict.ROTATE:
                pair = tokens.pair(following)
                if grant := await renewals.rotate(origin, claim, pair.access_hash):
                    return pair, grant
                continue
            if verdict is Verdict.REUSE and await renewals.end(origin, claim):
                self.service.metrics.sessions.reuse.inc()
                self.service.metrics.sessions.ended.labels(EndReason.REUSE).inc()
            if verdict is Verdict.REPEAT and held is not None:
                kept = tokens.kept(following, held.access_hash)
                if kept is not None:
                    return kept, Grant(claim.session_id, held.expires_at, held.access_for)
            raise no_session()

    async def _begin(
        self, request: web.Request, asked: Credentials, claim: Claim, pair: Pair, arrived: float
    ) -> Grant:
        service, origin = self.service, self.service.origin(request)
        service.checking.refuse_if_full()  # before anything is written for it
        login_norm = service.login_norm(asked.login)
        account = await service.accounts.find(login_norm)
        user_id = account.user_id if account else None
        guess = Guess(asked.login if login_norm is None else login_norm, user_id)
        async with service.throttle.claimed(origin, guess) as tried:
            patience = service.patience(request, arrived)
            right = await service.checking.right(asked.password, account, patience)
            grant = None
            if account is not None and right and account.active:
                if account.must_change:
                    tried.clear()
                    await service.accounts.refuse_login(origin, user_id)
                    raise ProblemError(Code.PASSWORD_CHANGE_REQUIRED)
                grant = await service.sessions.begin(
                    origin, account, claim.session_id, pair.access_hash
                )
            if account is None or grant is None:
                tried.count()
                await service.accounts.refuse_login(origin, user_id)
                raise ProblemError(Code.INVALID_CREDENTIALS, headers={"WWW-Authenticate": "Bearer"})
            tried.clear()
        service.checking.renew(account, asked.password)
        return grant


def _handed_out(pair: Pair, grant: Grant) -> dict[str, str | int]:
    """What the owner gets, in the words of RFC 6749 section 5.1 where it has some."""
    return {
        "access_token": pair.access,
        "refresh_token": pair.refresh,
        "token_type": "Bearer",
        "expires_in": int(grant.access_for.total_seconds()),
        "session_id": str(grant.session_id),
        "expires_at": grant.expires_at.isoformat(),
    }


def bearer(request: web.Request) -> str | None:
    """The token of the `Authorization` header, if that is how it is given."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def presented(request: web.Request) -> bytes:
    """The digest of the bearer token. Raises ProblemError if there is none that could be ours."""
    token = bearer(request)
    if token is None:  # then no error is named (RFC 6750 section 3.1)
        raise ProblemError(Code.INVALID_TOKEN, headers={"WWW-Authenticate": "Bearer"})
    found = digest(token)
    if found is None:
        raise no_session()
    return found


def no_session() -> ProblemError:
    """There is no live session behind the request."""
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return ProblemError(Code.INVALID_TOKEN, headers=challenge)
