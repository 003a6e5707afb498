"""Who may do what on the admin listener: bearer tokens, and what their role allows.

Tokens are compared by their SHA-256: they are 32 random bytes, so no slow hash is needed, and the
configuration file that holds the hashes gives nobody a token.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web

from balancer.admin.change import Author
from balancer.config import Admin, Role, Token

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Guarded = Callable[[web.Request, Author], Awaitable[web.Response]]

ANYBODY = Author("anybody", "api")
"""Who reads where no token is asked for."""


class Access:
    """Guards handlers by the tokens of the configuration that runs at that moment."""

    def __init__(self, admin: Callable[[], Admin | None]) -> None:
        self._admin = admin

    def needs(self, role: Role, handler: Guarded) -> Handler:
        """The handler, for those only who have this role; an operator may all that a viewer may."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            found = authorise(self._admin(), role, request.headers.get("Authorization", ""))
            return found if isinstance(found, web.Response) else await handler(request, found)

        return guarded


def authorise(admin: Admin | None, role: Role, authorization: str) -> Author | web.Response:
    """Who asks, by the `Authorization` field; or the answer that turns them away."""
    tokens = admin.tokens if admin else []
    if not tokens:
        if role == "viewer" and admin is not None and not admin.reads_need_token:
            return ANYBODY
        what = "changed" if role == "operator" else "read from another machine"
        return problem(403, f"no token is configured (admin.tokens), so nothing can be {what} here")
    scheme, _, given = authorization.partition(" ")
    token = _known(tokens, given.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        reason = "this token is not known here" if given else "send Authorization: Bearer TOKEN"
        return problem(401, reason)
    if role == "operator" and token.role != "operator":
        return problem(403, f"this needs the role operator; {token.name} is a {token.role}")
    return Author(token.name, "api")


def _known(tokens: list[Token], given: str) -> Token | None:
    octets = given.encode(errors="surrogateescape")  # as aiohttp decodes what is not UTF-8
    digest = hashlib.sha256(octets).hexdigest()
    found = None
    for token in tokens:  # all of them, so that the time does not tell which one matched
        if hmac.compare_digest(token.sha256, digest):
            found = token
    return found


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The server's own refusals (no such path, a wrong method, too large a body), as ours are."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        answer = problem(error.status, error.reason.lower())
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer


def problem(status: int, detail: str, **more: Any) -> web.Response:
    """An error answer (RFC 9457)."""
    body = {"status": status, "title": HTTPStatus(status).phrase, "detail": detail, **more}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    answer = web.json_response(body, status=status, headers=headers)
    answer.content_type = "application/problem+json"
    return answer
