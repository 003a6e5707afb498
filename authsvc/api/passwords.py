"""A new password: with the current one, or with a token that the account's owner was sent."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel

from authsvc import resets
from authsvc.api import bodies
from authsvc.api.attempts import attempt
from authsvc.api.bodies import STRICT, pointer
from authsvc.api.problems import Code, ProblemError
from authsvc.api.sessions import no_session, presented
from authsvc.hashing.acceptable import Refused, refusal
from authsvc.metrics import EndReason, Flow
from authsvc.service import Service
from authsvc.throttling import Deed, Guess

_TICK_SECONDS = 0.1


class Change(BaseModel):
    """The body of a change."""

    model_config = STRICT

    current: str
    new: str


class ResetRequest(BaseModel):
    """The body of a request for a reset."""

    model_config = STRICT

    login: str


class ResetConfirmation(BaseModel):
    """The body that ends a reset."""

    model_config = STRICT

    token: str
    password: str


@dataclass(frozen=True, slots=True)
class Passwords:
    """The handlers of `/v1/password`."""

    service: Service

    def add_routes(self, app: web.Application) -> None:
        """Put them where clients find them."""
        app.router.add_post("/v1/password", self.change)
        app.router.add_post("/v1/password/reset", self.request_reset)
        app.router.add_post("/v1/password/reset/confirm", self.confirm_reset)

    async def change(self, request: web.Request) -> web.Response:
        """POST /v1/password: 204 and the other sessions end; 401 without a session, 403 if
        `current` is wrong, 422 if `new` will not do, 503."""
        service, origin = self.service, self.service.origin(request)
        with attempt(Flow.CHANGE, service.metrics.attempts, service.clock) as arrived:
            owner = await service.sessions.owner(presented(request))
            if owner is None:
                raise no_session()
            asked = await bodies.read(request, Change)
            wanted = Refused.UNCHANGED if asked.new == asked.current else None
            refuse("new", wanted or refusal(asked.new, owner.login))
            account = await service.accounts.find(service.login_norm(owner.login))
            if account is None:
                raise no_session()
            patience = service.patience(request, arrived)
            service.checking.refuse_if_full()
            # Guessing `current` with a stolen token is guessing a login's password.
            guess = Guess(service.login_norm(owner.login) or owner.login, owner.user_id)
            async with service.throttle.claimed(origin, guess) as tried:
                if not await service.checking.right(asked.current, account, patience):
                    tried.count()
                    await service.passwords.refuse_change(origin, owner.user_id)
                    raise ProblemError(Code.WRONG_PASSWORD)
                tried.clear()
            made = await service.checking.make(asked.new, patience)
            ended = await service.passwords.change(origin, owner.session_id, account, made)
            if ended is None:
                raise no_session()
            service.metrics.sessions.ended.labels(EndReason.PASSWORD_CHANGE).inc(ended)
        return web.Response(status=204)

    async def request_reset(self, request: web.Request) -> web.Response:
        """POST /v1/password/reset: 202, whoever is asked for.

        The statement is one and the same, and the answer goes out on the next tick of a coarse
        clock that began with the request, so that neither tells whether the account exists.
        """
        service = self.service
        with attempt(Flow.RESET_REQUEST, service.metrics.attempts, service.clock) as arrived:
            asked = await bodies.read(request, ResetRequest)
            login_norm, origin = service.login_norm(asked.login), service.origin(request)
            async with service.throttle.claimed(origin, Deed.RESET) as tried:
                await service.passwords.request_reset(origin, login_norm)
                tried.count()
            await asyncio.sleep(until_tick(service.clock() - arrived))
        return web.Response(status=202)

    async def confirm_reset(self, request: web.Request) -> web.Response:
        """POST /v1/password/reset/confirm: 204 and every session ends; 400 for a token that is not
        ours, was used, voided or is too old; 422 if the password will not do, 503."""
        service, origin = self.service, self.service.origin(request)
        with attempt(Flow.RESET, service.metrics.attempts, service.clock) as arrived:
            asked = await bodies.read(request, ResetConfirmation)
            reset_id = resets.reset_id(service.settings.peppers, asked.token)
            if reset_id is None:
                raise ProblemError(Code.INVALID_RESET_TOKEN)
            reset = await service.passwords.reset(reset_id)
            if reset is not None:
                refuse("password", refusal(asked.password, reset.login))
                patience = service.patience(request, arrived)
                made = await service.checking.make(asked.password, patience)
                ended = await service.passwords.finish_reset(origin, reset_id, made)
                if ended is not None:
                    service.metrics.sessions.ended.labels(EndReason.PASSWORD_RESET).inc(ended)
                    login_norm = service.login_norm(reset.login) or reset.login
                    await service.throttle.unlock(origin, reset.user_id, login_norm)
                    return web.Response(status=204)
            await service.passwords.refuse_reset(origin, reset_id)
            raise ProblemError(Code.INVALID_RESET_TOKEN)


def until_tick(seconds: float) -> float:
    """From so long after a request to the next whole tick."""
    return math.ceil(seconds / _TICK_SECONDS) * _TICK_SECONDS - seconds


def refuse(member: str, why: Refused | None) -> None:
    """Raise the ProblemError for a password that is not taken, if there is a reason."""
    if why is not None:
        raise ProblemError(Code.INVALID_REQUEST, errors=refused(member, why))


def refused(member: str, why: Refused) -> Sequence[dict[str, str]]:
    """The `errors` of such an answer."""
    return [{"pointer": pointer(member), "detail": why.told, "reason": why}]
