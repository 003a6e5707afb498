"""What the handlers of one instance work with."""

import time
from dataclasses import dataclass

from aiohttp import web

from authsvc import names, sources
from authsvc.api.throttle import Throttle
from authsvc.api.web import request_id, trace_id
from authsvc.checking import Checking
from authsvc.hashing.queue import Patience
from authsvc.metrics import Metrics
from authsvc.origin import Origin, Source
from authsvc.settings import Settings
from authsvc.store.accounts import Accounts
from authsvc.store.clients import Clients
from authsvc.store.introspection import Introspection
from authsvc.store.passwords import Passwords
from authsvc.store.renewals import Renewals
from authsvc.store.sessions import Sessions
from authsvc.tokens import Tokens
from authsvc.upkeep import Upkeep

_LONGEST_USER_AGENT = 256


@dataclass(frozen=True, slots=True)
class Service:
    """Stores, hashing, metrics and settings."""

    settings: Settings
    accounts: Accounts
    sessions: Sessions
    renewals: Renewals
    introspection: Introspection
    tokens: Tokens
    upkeep: Upkeep
    clients: Clients
    passwords: Passwords
    checking: Checking
    throttle: Throttle
    metrics: Metrics

    def origin(self, request: web.Request, actor: str | None = None) -> Origin:
        """Where a request comes from."""
        return Origin(
            request_id=request_id(request),
            instance=self.settings.name,
            trace_id=trace_id(request),
            source=self._source(request),
            actor=actor,
            user_agent=_storable(request.headers.get("User-Agent", "")) or None,
        )

    def patience(self, request: web.Request, arrived: float) -> Patience:
        """Until when its answer is of use. aiohttp does not cancel the handler of a client that
        left, so the queue has to look."""

        def gone() -> bool:
            return request.transport is None or request.transport.is_closing()

        return Patience(arrived + self.settings.deadline, gone)

    def login_norm(self, login: str) -> str | None:
        """The key of a login, or None for one that no account can have."""
        return names.normalise(login, self.settings.names)

    def clock(self) -> float:
        """Seconds on the clock of `patience`."""
        return time.monotonic()

    def _source(self, request: web.Request) -> Source | None:
        peer = request.transport and request.transport.get_extra_info("peername")
        if not peer:
            return None
        told = request.headers.getall("X-Forwarded-For", ())
        return sources.client_of(sources.parsed(peer[0]), told, self.settings.trusted)


def _storable(header: str) -> str:
    """Bytes that are no UTF-8 reach us as lone surrogates, which no database takes."""
    return header[:_LONGEST_USER_AGENT].encode(errors="replace").decode()
