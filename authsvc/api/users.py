"""Register: a new account."""

from dataclasses import dataclass

from aiohttp import web

from authsvc.api import bodies
from authsvc.api.attempts import attempt
from authsvc.api.bodies import Credentials, pointer
from authsvc.api.passwords import refused
from authsvc.api.problems import Code, ProblemError
from authsvc.hashing.acceptable import refusal
from authsvc.metrics import Flow
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
            login_norm = _acceptable(asked, service)
            service.checking.refuse_if_full()  # before anything is written for it
            origin = service.origin(request)
            async with service.throttle.claimed(origin, Deed.REGISTER) as tried:
                patience = service.patience(request, arrived)
                stored = await service.checking.make(asked.password, patience)
                user_id = await service.accounts.register(origin, asked.login, login_norm, stored)
                tried.count()  # a taken one too: it tells that somebody has that name
                if user_id is None:
                    raise ProblemError(Code.LOGIN_TAKEN)
        return web.json_response({"user_id": str(user_id), "login": asked.login}, status=201)


def _acceptable(asked: Credentials, service: Service) -> str:
    """The normalised login of a registration. Raises ProblemError with pointers."""
    login_norm = service.login_norm(asked.login)
    policy = service.settings.names.policy
    wrong = [] if login_norm else [{"pointer": pointer("login"), "detail": policy}]
    if (why := refusal(asked.password, login_norm or "")) is not None:
        wrong += refused("password", why)
    if wrong or login_norm is None:
        raise ProblemError(Code.INVALID_REQUEST, errors=wrong)
    return login_norm
