"""The admin listener: reads for anyone on it, changes for who brings a token.

Tokens are compared by their SHA-256: they are 32 random bytes, so no slow hash is needed, and the
configuration file that holds the hashes gives nobody a token.
"""

import hashlib
import hmac
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from balancer.admin.audit import AuditError
from balancer.admin.change import Author, Changes, Stale
from balancer.admin.metrics import BalancerCollector
from balancer.net.proxy import Proxy
from balancer.source import ConfigError

BODY_LIMIT = 1024 * 1024
"""Octets of a configuration: two hundred endpoints take about 20 KiB."""


class AdminApi:
    """The handlers, bound to one running balancer."""

    def __init__(self, proxy: Proxy, changes: Changes) -> None:
        self._proxy = proxy
        self._changes = changes
        self._registry = CollectorRegistry()
        self._registry.register(BalancerCollector(proxy, changes))

    def application(self) -> web.Application:
        """The aiohttp application that serves it."""
        app = web.Application(client_max_size=BODY_LIMIT)
        app.add_routes(
            [
                web.get("/livez", self._livez),
                web.get("/metrics", self._metrics),
                web.get("/table", self._table),
                web.get("/audit", self._audit),
                web.get("/config", self._get_config),
                web.put("/config", self._put_config),
            ]
        )
        return app

    async def _livez(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _metrics(self, request: web.Request) -> web.Response:
        page = generate_latest(self._registry)
        return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _table(self, request: web.Request) -> web.Response:
        table = self._proxy.table
        shares = table.expected_shares()
        pools = [
            {
                "name": pool.name,
                "algorithm": pool.algorithm,
                "endpoints": [
                    {
                        "name": one.name,
                        "address": one.address,
                        "weight": one.weight,
                        "state": one.state,
                        "healthy": one.health.up,
                        "in_flight": one.load.in_flight,
                        "attempts": one.load.attempts,
                        "expected_share": shares[pool.name][one.name],
                    }
                    for one in pool.endpoints
                ],
            }
            for pool in table.pools.values()
        ]
        return web.json_response({"hash": table.hash, "pools": pools})

    async def _audit(self, request: web.Request) -> web.Response:
        return web.json_response({"entries": self._changes.audit.entries})

    async def _get_config(self, request: web.Request) -> web.Response:
        table = self._changes.table
        return web.Response(
            text=table.text, content_type="application/yaml", headers={"ETag": f'"{table.hash}"'}
        )

    async def _put_config(self, request: web.Request) -> web.Response:
        author = self._author(request)
        if isinstance(author, web.Response):
            return author
        if_match = request.headers.get("If-Match")
        if if_match is None:
            return problem(428, "send If-Match with the ETag that GET /config gave you")
        try:
            text = (await request.read()).decode()
        except UnicodeDecodeError:
            return problem(422, "the configuration is not UTF-8 text")
        try:
            change = self._changes.put(text, "config", author, if_match.strip().strip('"'))
        except Stale as stale:
            return problem(412, str(stale), running=stale.running)
        except ConfigError as error:
            return problem(
                422,
                "this configuration cannot be used; nothing was changed",
                errors=[asdict(one) for one in error.problems],
            )
        except AuditError as error:
            return problem(503, f"the change could not be recorded, so it was not made: {error}")
        return web.json_response(asdict(change), headers={"ETag": f'"{change.hash}"'})

    def _author(self, request: web.Request) -> Author | web.Response:
        """Who asks, by their token; or the answer that turns them away."""
        admin = self._changes.table.config.admin
        tokens = admin.tokens if admin else []
        if not tokens:
            return problem(
                403, "no token is configured (admin.tokens), so nothing can be changed here"
            )
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        digest = hashlib.sha256(given.strip().encode()).hexdigest()
        found = None
        for token in tokens:  # all of them, so that the time does not tell which one matched
            if hmac.compare_digest(token.sha256, digest):
                found = token.name
        if scheme.lower() != "bearer" or found is None:
            reason = "this token is not known here" if given else "send Authorization: Bearer TOKEN"
            return problem(401, reason)
        return Author(found, "api")


def problem(status: int, detail: str, **more: Any) -> web.Response:
    """An error answer (RFC 9457)."""
    body = {"status": status, "title": HTTPStatus(status).phrase, "detail": detail, **more}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    answer = web.json_response(body, status=status, headers=headers)
    answer.content_type = "application/problem+json"
    return answer
