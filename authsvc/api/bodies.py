"""What a request may carry: read with limits, judged by a model, refused with pointers."""

import asyncio
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from authsvc.api.problems import Code, ProblemError

LARGEST = 16 * 1024  # bytes; a password of 4096 bytes, escaped, and room
READ_SECONDS = 5.0
_MOST_ERRORS = 10


STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Credentials(BaseModel):
    """The body of a registration and of a login."""

    model_config = STRICT

    login: str
    password: str


class Refresh(BaseModel):
    """The body of a refresh."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    refresh_token: str


Body = TypeVar("Body", bound=BaseModel)


async def read(request: web.Request, model: type[Body]) -> Body:
    """The request's body as a `model`.

    Raises ProblemError for 400, 408, 415 and 422; aiohttp's HTTPException for 413; ConnectionError
    if the client leaves in the middle.
    """
    if request.content_type != "application/json":
        raise ProblemError(Code.UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ProblemError(Code.UNSUPPORTED_MEDIA_TYPE, "send it without Content-Encoding")
    raw = await received(request)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise _refusal(error) from None  # the cause would carry the input


async def received(request: web.Request) -> bytes:
    """The request's body; raises as `read` does, except for what a body says."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await request.read()
    except TimeoutError as error:
        raise ProblemError(Code.REQUEST_TIMEOUT, f"within {READ_SECONDS:g} s") from error
    except web.RequestPayloadError as error:
        raise ProblemError(Code.BAD_REQUEST, "the body's framing or encoding is broken") from error


def _refusal(error: ValidationError) -> ProblemError:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return ProblemError(Code.INVALID_JSON, found[0]["msg"])
    return ProblemError(
        Code.INVALID_REQUEST,
        errors=[{"pointer": pointer(*e["loc"]), "detail": e["msg"]} for e in found[:_MOST_ERRORS]],
    )


def pointer(*path: int | str) -> str:
    """The JSON pointer (RFC 6901) as a URI fragment of a path into a body."""
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
