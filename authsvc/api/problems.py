"""What an error answer says: RFC 9457 problem documents with a closed list of codes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from aiohttp import web

CONTENT_TYPE = "application/problem+json"


class Code(Enum):
    """Every code there is, with status and title; in a body it is the name in lower case."""

    BAD_REQUEST = (400, "The request is not proper HTTP")
    INVALID_JSON = (400, "The body is not JSON")
    INVALID_CREDENTIALS = (401, "Unknown login or wrong password")
    INVALID_RESET_TOKEN = (400, "The token resets nothing: wrong, used or too old")
    WRONG_PASSWORD = (403, "The current password is another")
    PASSWORD_CHANGE_REQUIRED = (403, "The password is right, but has to be reset first")
    INVALID_TOKEN = (401, "No such session")
    INVALID_CLIENT_TOKEN = (401, "No client that may do this")
    NOT_FOUND = (404, "There is nothing at this path")
    SESSION_NOT_FOUND = (404, "You have no such session")
    USER_NOT_FOUND = (404, "There is no such account")
    METHOD_NOT_ALLOWED = (405, "This path does not take that method")
    REQUEST_TIMEOUT = (408, "The body did not arrive in time")
    LOGIN_TAKEN = (409, "The login is taken")
    WRONG_STATUS = (409, "The account's status does not allow it")
    BODY_TOO_LARGE = (413, "The body is too large")
    UNSUPPORTED_MEDIA_TYPE = (415, "The body must be application/json")
    EXPECTATION_FAILED = (417, "Only 100-continue can be expected")
    INVALID_REQUEST = (422, "The body does not say what is needed")
    TOO_MANY_ATTEMPTS = (429, "Too many attempts")
    INVALID_QUERY = (422, "The query does not say what is needed")
    INTERNAL = (500, "Something broke here")
    OVERLOADED = (503, "Too many logins at once")
    DATABASE_UNAVAILABLE = (503, "The database does not answer")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value[0]

    @property
    def title(self) -> str:
        """The same short sentence for every occurrence."""
        return self.value[1]


@dataclass(eq=False)
class ProblemError(Exception):
    """An answer that is an error; `errors` point into the body (RFC 6901)."""

    code: Code
    detail: str = ""
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(problem: ProblemError, request_id: str) -> web.Response:
    """The problem as a response."""
    name = problem.code.name.lower()
    body: dict[str, Any] = {
        "type": f"urn:evenhand:problem:{name}",
        "title": problem.code.title,
        "status": problem.code.status,
        "code": name,
        "instance": f"urn:evenhand:request:{request_id}",
    }
    if problem.detail:
        body["detail"] = problem.detail
    if problem.errors:
        body["errors"] = list(problem.errors)
    return web.Response(
        status=problem.code.status,
        body=json.dumps(body).encode(),
        content_type=CONTENT_TYPE,
        headers={"Cache-Control": "no-store", **problem.headers},
    )
