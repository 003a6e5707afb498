"""Register: a new account."""

from dataclasses import dataclass
from functools import partial

from aiohttp import web

from authsvc import names
from authsvc.api import bodies
from authsvc.api.attempts import attempt
from authsvc.api.bodies import Credentials, pointer
from authsvc.api.problems import Code, ProblemError
from authsvc.hashing.passwords import length_complaint
from authsvc.metrics import Flow, HashOp
from authsvc.service import Service
from authsvc.throttling import Deed


@dataclass(frozen=True, slots=True)
class Users:
    """The handlers of `/v1/users`."""

    service: Service

    def add_routes(self, app: web.Application) -> None:
        """Put them where clients find them."""
        app.router.add_post("/v1/users", self.register)

    async def register(self, request: web.Request) -> web.Response:
        """POST /v1/users: 201, 409 if the login is taken, 422 if it or the password will not do."""
        service = self.service
        with attempt(Flow.REGISTER, service.metrics.attempts, service.clock) as arrived:
            asked = await bodies.read(request, Credentials)
            login_norm = _acceptable(asked)
            service.queue.refuse_if_full()  # before anything is written for it
            work, origin = partial(service.hasher.create, asked.password), service.origin(request)
            async with service.throttle.claimed(origin, Deed.REGISTER) as claim:
                patience = service.patience(request, arrived)
                stored = await service.queue.run(HashOp.CREATE, work, patience)
                user_id = await service.accounts.register(origin, asked.login, login_norm, stored)
                claim.count()  # a taken one too: it tells that somebody has that name
                if user_id is None:
                    raise ProblemError(Code.LOGIN_TAKEN)
        return web.json_response({"user_id": str(user_id), "login": asked.login}, status=201)


def _acceptable(asked: Credentials) -> str:
    """The normalised login of a registration. Raises ProblemError with pointers."""
    login_norm = names.normalise(asked.login)
    complaints = {
        pointer("login"): None if login_norm else names.POLICY,
        pointer("password"): length_complaint(asked.password),
    }
    wrong = [{"pointer": at, "detail": why} for at, why in complaints.items() if why]
    if wrong or login_norm is None:
        raise ProblemError(Code.INVALID_REQUEST, errors=wrong)
    return login_norm
