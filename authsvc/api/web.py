"""What every answer has in common: who gave it, to which request, and errors of one form."""

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from authsvc import spent
from authsvc.api import bodies, problems
from authsvc.api.problems import Code, ProblemError
from authsvc.hashing.queue import HashRejectedError
from authsvc.health import Readiness
from authsvc.store.database import DatabaseUnavailableError

PROBES = ("/livez", "/readyz", "/startupz", "/metrics")
REQUEST_ID = web.RequestKey("request_id", str)
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_DATABASE_RETRY_SECONDS = 2  # about as long as a server takes to restart
_CODES = {
    400: Code.BAD_REQUEST,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.BODY_TOO_LARGE,
    417: Code.EXPECTATION_FAILED,
}

_log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Handling = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def request_id(request: web.BaseRequest) -> str:
    """The caller's `X-Request-Id` if it is one, else a new one; the same for one request."""
    if REQUEST_ID not in request:
        given = request.headers.get("X-Request-Id", "")
        request[REQUEST_ID] = given if _WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
    return request[REQUEST_ID]


def trace_id(request: web.BaseRequest) -> str | None:
    """The trace that a well-formed `traceparent` names (W3C Trace Context 3.2), or None."""
    found = _TRACEPARENT.fullmatch(request.headers.get("traceparent", ""))
    return found[1] if found and found[1].strip("0") else None


def as_problem(error: Exception) -> ProblemError:
    """The answer to a failure; what nobody foresaw becomes a 500 that tells nothing."""
    match error:
        case ProblemError():
            return error
        case HashRejectedError():
            return ProblemError(Code.OVERLOADED, headers={"Retry-After": str(error.retry_after)})
        case DatabaseUnavailableError():
            wait = str(_DATABASE_RETRY_SECONDS)
            return ProblemError(Code.DATABASE_UNAVAILABLE, headers={"Retry-After": wait})
        case web.HTTPException() if error.status in _CODES:
            allow = error.headers.get(hdrs.ALLOW)
            return ProblemError(_CODES[error.status], headers={"Allow": allow} if allow else {})
        case _:
            return ProblemError(Code.INTERNAL)


class Answering:
    """Middleware and hooks of one instance's listeners."""

    def __init__(self, name: str, readiness: Readiness) -> None:
        self._name = name
        self._readiness = readiness

    def application(self) -> web.Application:
        """An application without routes whose every answer is in form."""
        made = web.Application(middlewares=[self._middleware()], client_max_size=bodies.LARGEST)
        made.on_response_prepare.append(self._sign)
        return made

    def protocol(self, server: web.Server) -> web.RequestHandler:
        """One connection; its answers to bytes that are no HTTP are in form too."""
        return _Connection(server, self)

    def expecting(self, handler: Handling) -> Handling:
        """Refuses what cannot be expected. aiohttp would do so before any middleware, in words of
        its own that quote the header, and break on one that is not UTF-8."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            expected = request.headers.get(hdrs.EXPECT, "")
            if expected.lower() in ("", "100-continue"):
                return await handler(request)
            problem = ProblemError(Code.EXPECTATION_FAILED)
            response = problems.answer(problem, request_id(request))
            self.sign(request, response)
            return response

        return handle

    def sign(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """Say who answers, and what."""
        response.headers["X-Served-By"] = self._name
        response.headers["X-Request-Id"] = request_id(request)
        response.headers["Server"] = "authsvc"  # in place of aiohttp's, which tells versions

    async def _sign(self, request: web.Request, response: web.StreamResponse) -> None:
        self.sign(request, response)
        if self._readiness.draining:
            response.force_close()

    def _middleware(self) -> Middleware:
        @web.middleware
        async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
            began, account = time.perf_counter(), spent.begin()
            try:
                response = await handler(request)
            except ConnectionError:
                raise  # the client left: there is nobody to answer
            except Exception as error:  # noqa: BLE001 - the last place where it can be answered
                problem = as_problem(error)
                if problem.code is Code.INTERNAL:
                    _log.error("unforeseen", exc_info=error)
                response = problems.answer(problem, request_id(request))
            _log_answer(request, response, time.perf_counter() - began, account)
            return response

        return answer


def _log_answer(
    request: web.Request, response: web.StreamResponse, seconds: float, account: spent.Spent
) -> None:
    """One line; of attempts and refusals at info, of all else, which may be a lot, at debug."""
    resource = request.match_info.route.resource
    probe = resource is not None and resource.canonical in PROBES
    told = account.outcome is not None or (response.status >= 400 and not probe)
    level = logging.INFO if told else logging.DEBUG
    if not _log.isEnabledFor(level):
        return
    _log.log(
        level,
        "answered",
        extra={
            **account.fields(),
            "request_id": request_id(request),
            "trace_id": trace_id(request),
            "method": request.method if resource else None,
            "route": resource.canonical if resource else None,
            "status": response.status,
            "dur_ms": round(seconds * 1000, 1),
        },
    )


class _Connection(web.RequestHandler):
    """aiohttp's connection, with our words for bytes that no application ever saw."""

    __slots__ = ("_answering",)

    def __init__(self, server: web.Server, answering: Answering) -> None:
        loop = asyncio.get_running_loop()
        # Compressed bodies are not taken (see `bodies`): a broken one would be an error in the log.
        kept_as_sent: dict[str, Any] = {"access_log": None, "auto_decompress": False}  # None is off
        super().__init__(server, loop=loop, **kept_as_sent)
        self._answering = answering

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to a request that could not be parsed, or that broke in the middleware."""
        if status >= 500:
            _log.error("unforeseen", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was begun; it cannot be taken back")
        problem = ProblemError(_CODES.get(status, Code.INTERNAL))
        response = problems.answer(problem, request_id(request))
        self._answering.sign(request, response)
        response.force_close()
        return response
