"""What an operator does to one endpoint or one network, in one request.

Draining, weights and denied networks are configuration: the running text is edited and goes the
way of `PUT /config`. Ejecting is not: it ends by itself, and is only recorded.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from aiohttp import web

from balancer.admin import edits
from balancer.admin.access import Access, problem
from balancer.admin.audit import AuditError
from balancer.admin.change import Author, Changes, Stale
from balancer.admin.edits import CannotEdit, NoSuchEndpoint
from balancer.core.endpoint import Endpoint
from balancer.core.pool import Pool
from balancer.fields import network, seconds
from balancer.source import ConfigError

EJECTED_FOR = "60s"
"""Unless told otherwise: long enough to look, short enough to forget it."""


class BadBody(ValueError):
    """A request's body or query that says not what it must; says what it must."""


class Actions:
    """The handlers of `POST /pools/{pool}/endpoints/{endpoint}/…` and of `/deny`."""

    def __init__(self, changes: Changes, access: Access) -> None:
        self._changes = changes
        self._access = access

    def routes(self) -> list[web.RouteDef]:
        """All of them need an operator."""
        endpoint = "/pools/{pool}/endpoints/{endpoint}"
        handlers = {
            "drain": self._drain,
            "undrain": self._undrain,
            "weight": self._weight,
            "eject": self._eject,
            "readmit": self._readmit,
        }
        routes = [
            web.post(f"{endpoint}/{verb}", self._access.needs("operator", told(handler)))
            for verb, handler in handlers.items()
        ]
        return [
            *routes,
            web.post("/deny", self._access.needs("operator", told(self._deny))),
            web.delete("/deny", self._access.needs("operator", told(self._allow))),
        ]

    async def _drain(self, request: web.Request, author: Author) -> web.Response:
        names = _names(request)
        return self._edit(request, author, lambda text: edits.set_state(text, *names, "drain"))

    async def _undrain(self, request: web.Request, author: Author) -> web.Response:
        names = _names(request)
        return self._edit(request, author, lambda text: edits.set_state(text, *names, "active"))

    async def _weight(self, request: web.Request, author: Author) -> web.Response:
        names, body = _names(request), await _body(request, "weight")
        weight = body.get("weight")
        if not isinstance(weight, int) or isinstance(weight, bool):
            raise BadBody('send {"weight": N}, N a whole number from 0 to 65535')
        return self._edit(request, author, lambda text: edits.set_weight(text, *names, weight))

    async def _deny(self, request: web.Request, author: Author) -> web.Response:
        body = await _body(request, "network")
        denied = _parsed(network, body.get("network"), "network")
        return self._edit(request, author, lambda text: edits.deny(text, denied))

    async def _allow(self, request: web.Request, author: Author) -> web.Response:
        denied = _parsed(network, request.query.get("network"), "network")
        return self._edit(request, author, lambda text: edits.allow(text, denied))

    def _edit(
        self, request: web.Request, author: Author, edit: Callable[[str], str]
    ) -> web.Response:
        """Put the edited text. Without `If-Match` too: nothing can come between edit and put."""
        text = edit(self._changes.table.text)
        by = replace(author, source=f"api {request.method} {request.path}")
        change = self._changes.put(text, "config", by, if_match(request))
        return web.json_response(asdict(change), headers={"ETag": f'"{change.hash}"'})

    async def _eject(self, request: web.Request, author: Author) -> web.Response:
        body = await _body(request, "for")
        duration = _parsed(seconds, body.get("for", EJECTED_FOR), "for")
        pool, endpoint = self._find(request)
        self._note(request, author, "eject", seconds=duration)
        pool.eject(endpoint, duration)
        return self._done(pool, endpoint)

    async def _readmit(self, request: web.Request, author: Author) -> web.Response:
        pool, endpoint = self._find(request)
        self._note(request, author, "readmit")
        pool.readmit(endpoint)
        return self._done(pool, endpoint)

    def _find(self, request: web.Request) -> tuple[Pool, Endpoint]:
        self._changes.check_match(if_match(request))
        table, (pool, endpoint) = self._changes.table, _names(request)
        _, place = edits.place_of(table.config, pool, endpoint)
        return table.pools[pool], table.pools[pool].endpoints[place]

    def _note(self, request: web.Request, author: Author, action: str, **more: float) -> None:
        pool, endpoint = _names(request)
        self._changes.note(author, action=action, pool=pool, endpoint=endpoint, **more)

    @staticmethod
    def _done(pool: Pool, endpoint: Endpoint) -> web.Response:
        return web.json_response(
            {
                "pool": pool.name,
                "endpoint": endpoint.name,
                "ejected": endpoint.health.ejected_until > 0,
                "ready": [one.name for one in pool.ready],
            }
        )


def if_match(request: web.Request) -> str | None:
    """The hash that the client means, without the quotes of an ETag."""
    given = request.headers.get("If-Match")
    return None if given is None else given.strip().strip('"')


def told(handler: Callable[[web.Request, Author], Any]) -> Callable[[web.Request, Author], Any]:
    """The handler, with an answer for each way in which a change can fail."""

    async def answered(request: web.Request, author: Author) -> web.Response:
        try:
            answer: web.Response = await handler(request, author)
        except Stale as stale:
            return problem(412, str(stale), running=stale.running)
        except ConfigError as error:
            errors = [asdict(one) for one in error.problems]
            what = "this configuration cannot be used; nothing was changed"
            return problem(422, what, errors=errors)
        except AuditError as error:
            return problem(503, f"it could not be recorded, so it was not done: {error}")
        except NoSuchEndpoint as error:
            return problem(404, str(error))
        except CannotEdit as error:
            return problem(409, str(error))
        except BadBody as error:
            return problem(422, str(error))
        return answer

    return answered


def _names(request: web.Request) -> tuple[str, str]:
    return request.match_info["pool"], request.match_info["endpoint"]


async def _body(request: web.Request, known: str) -> dict[str, Any]:
    """A JSON object with no key but this; none at all is an empty one."""
    try:
        body = json.loads(await request.read() or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadBody(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict) or body.keys() - {known}:
        raise BadBody(f'the body is a JSON object with the key "{known}" and no other')
    return body


def _parsed(parse: Callable[[object], Any], value: object, name: str) -> Any:
    if value is None:
        raise BadBody(f"'{name}' is missing")
    try:
        return parse(value)
    except ValueError as error:
        raise BadBody(f"{name}: {error}") from error
