"""Tokens seen from outside: may a service let this one in, and end it.

RFC 7662 and RFC 7009, as far as they say something; so errors about the request have OAuth's form
(RFC 6749 section 5.2) here and nowhere else. `token_type_hint` is taken and not needed: a token's
prefix tells what it is.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from authsvc.api import bodies
from authsvc.api.sessions import SECRET, bearer
from authsvc.metrics import EndReason
from authsvc.service import Service
from authsvc.store.clients import Role
from authsvc.store.introspection import Active, UnknownClientError
from authsvc.tokens import digest

_MOST_PARAMETERS = 10
_FORM = "application/x-www-form-urlencoded"
_INACTIVE = {"active": False}


@dataclass(frozen=True, slots=True)
class OAuth:
    """The handlers of `/v1/introspect` and `/v1/revoke`."""

    service: Service

    def add_routes(self, app: web.Application) -> None:
        """Put them where clients find them."""
        app.router.add_post("/v1/introspect", self.introspect)
        app.router.add_post("/v1/revoke", self.revoke)

    async def introspect(self, request: web.Request) -> web.Response:
        """POST /v1/introspect: 200 with `active`; 401 unless a service asks."""
        client = bearer(request)
        if client is None:
            return _no_client("Bearer")
        try:
            token = await _token(request)
            answer = await self._introspect(_hash(client), token)
        except _FormError as error:
            return _refused(400, "invalid_request", str(error))
        except UnknownClientError:
            return _no_client('Bearer error="invalid_token"')
        return web.json_response(answer, headers=SECRET)

    async def revoke(self, request: web.Request) -> web.Response:
        """POST /v1/revoke: 200 whether there was such a token or not; ends its session.

        Whoever has a token may end it. A service says who it is, so that the audit does; then it
        has to be one: 401.
        """
        service, client, name = self.service, bearer(request), None
        if client is not None:
            name = await service.clients.name(_hash(client), Role.SERVICE)
        if name is None and "Authorization" in request.headers:
            return _no_client('Bearer error="invalid_token"')
        try:
            token = await _token(request)
        except _FormError as error:
            return _refused(400, "invalid_request", str(error))
        access_hash, claim = digest(token), service.tokens.claim(token)
        if access_hash or claim:
            origin = service.origin(request, actor=name)
            session_id = claim and claim.session_id
            if await service.sessions.revoke(origin, access_hash, session_id):
                service.metrics.sessions.ended.labels(EndReason.REVOKED).inc()
        return web.Response(headers=SECRET)

    async def _introspect(self, client_hash: bytes, token: str) -> Mapping[str, Any]:
        """Client and token are looked up together. Only an access token is a use of its session,
        and only it has a `token_type`, so that no service lets a refresh token in by mistake."""
        service = self.service
        if claim := service.tokens.claim(token):
            found = await service.introspection.refresh(client_hash, claim)
            return _INACTIVE if found is None else {**_told(found), "token_use": "refresh_token"}
        found = await service.introspection.access(client_hash, digest(token))
        if found is None:
            return _INACTIVE
        if found.unseen:
            service.upkeep.used(found.session_id)
        return {**_told(found), "token_use": "access_token", "token_type": "Bearer"}


class _FormError(ValueError):
    """The form does not say which token is meant; the text says why, and quotes nothing."""


async def _token(request: web.Request) -> str:
    """The one `token` of the form. Raises _FormError."""
    if request.content_type != _FORM:
        raise _FormError(f"send Content-Type: {_FORM}")
    raw = await bodies.received(request)
    try:
        pairs = parse_qsl(raw.decode("ascii"), True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise _FormError("the body is no form") from None  # the cause would carry the input
    given = [value for name, value in pairs if name == "token"]
    if len(given) != 1 or not given[0]:
        raise _FormError("give the parameter `token` once")
    return given[0]


def _hash(client_token: str) -> bytes:
    return hashlib.sha256(client_token.encode(errors="replace")).digest()


def _told(token: Active) -> dict[str, Any]:
    return {
        "active": True,
        "sub": str(token.user_id),
        "username": token.login,
        "sid": str(token.session_id),
        "iat": token.issued,
        "exp": token.expires,
    }


def _no_client(challenge: str) -> web.Response:
    return _refused(401, "invalid_client", "this is for services", challenge)


def _refused(status: int, error: str, why: str, challenge: str = "") -> web.Response:
    headers = {**SECRET, **({"WWW-Authenticate": challenge} if challenge else {})}
    answer = {"error": error, "error_description": why}
    return web.json_response(answer, status=status, headers=headers)
