"""Who may come in: asked before a request's path, method or body is looked at."""

import logging

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from authsvc import client_tokens
from authsvc.api.problems import Code, ProblemError
from authsvc.api.web import request_id
from authsvc.service import Service
from authsvc.store.clients import Role

OPERATOR = web.RequestKey("operator", str)

_log = logging.getLogger(__name__)


def guard(service: Service) -> Middleware:
    """Lets clients with the role `admin` through, and keeps their name as the request's actor."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        digest = client_tokens.digest(token.strip()) if scheme.lower() == "bearer" else None
        name = await service.clients.name(digest, Role.ADMIN) if digest else None
        if name is None:
            service.metrics.admin.refused.inc()
            _log.warning("operator refused", extra={"request_id": request_id(request)})
            challenge = {"WWW-Authenticate": 'Bearer realm="admin"'}
            raise ProblemError(Code.INVALID_CLIENT_TOKEN, headers=challenge)
        request[OPERATOR] = name
        return await handler(request)

    return check
