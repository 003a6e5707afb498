"""One running instance: its parts wired together, its two listeners, its beginning and its end."""

import asyncio
import errno
import logging
import random
import time
from typing import Any

from aiohttp import web

from authsvc import health, metrics
from authsvc.api.admin.application import add_admin
from authsvc.api.holder import Holder
from authsvc.api.oauth import OAuth
from authsvc.api.openapi import add_document, service
from authsvc.api.passwords import Passwords as PasswordHandlers
from authsvc.api.sessions import Sessions as SessionHandlers
from authsvc.api.throttle import Throttle
from authsvc.api.users import Users
from authsvc.api.web import Answering
from authsvc.checking import Checking
from authsvc.connecting import pause
from authsvc.hashing.admission import Admission, queue_bound
from authsvc.hashing.faulty import Chance, FaultyQueue
from authsvc.hashing.passwords import Hasher
from authsvc.hashing.queue import HashQueue
from authsvc.health import Load, Readiness
from authsvc.migrate import latest_version
from authsvc.service import Service
from authsvc.settings import Abandoned, Address, Settings
from authsvc.store.accounts import Accounts
from authsvc.store.clients import Clients
from authsvc.store.database import Database, DatabaseUnavailableError
from authsvc.store.introspection import Introspection
from authsvc.store.passwords import Passwords
from authsvc.store.renewals import Renewals
from authsvc.store.sessions import Sessions
from authsvc.store.throttles import BATCH, Throttles
from authsvc.throttling import Keys
from authsvc.tokens import Tokens
from authsvc.upkeep import Upkeep

PROBE_SECONDS = 1.0
_FORGET_SECONDS = 60.0
_LAG_SAMPLE_SECONDS = 0.1
_LAG_WINDOW = 10  # samples: the gauge tells of the last second
_LATENESS_SECONDS = 1.0  # what a request may need beyond its deadline: the database's answer

_log = logging.getLogger(__name__)


class CannotListenError(Exception):
    """An address is not to be had; the text says which, why, and what to do."""

    def __init__(self, address: Address, cause: OSError) -> None:
        if cause.errno == errno.EADDRINUSE:
            advice = "is in use; stop the process that has it (`ss -ltnp` names it), or use another"
        else:
            advice = f"cannot be listened on: {cause.strerror or cause}"
        super().__init__(f"{address} {advice}")


def admission(settings: Settings, hash_seconds: float) -> Admission:
    """The rules of the hash queue, now that one hash has been timed."""
    hold = settings.hash_seconds
    if settings.faults.slow != 1:  # and then it is known, so that every Retry-After stays true
        hold = max(hash_seconds, hold) * settings.faults.slow
    service = max(hash_seconds, hold)
    bound = queue_bound(settings.hash_slots / service, settings.deadline, service)
    limit = bound if settings.hash_queue is None else settings.hash_queue
    if limit > bound:
        _log.warning("hash queue is longer than its useful bound", extra={"bound": bound})
    return Admission(
        slots=settings.hash_slots,
        limit=limit,
        hash_seconds=hash_seconds,
        hold_seconds=hold,
        drops_abandoned=settings.abandoned is Abandoned.DROP,
        create_share=settings.create_share,
    )


class Instance:
    """`start`, then `stop`; both listeners answer in between."""

    def __init__(self, settings: Settings, hasher: Hasher, hash_seconds: float) -> None:
        self.settings = settings
        self.readiness = Readiness()
        self.metrics = metrics.Metrics(
            settings.profile, settings.bcrypt_cost, settings.release, settings.switches
        )
        self.queue = self._hash_queue(admission(settings, hash_seconds))
        self.metrics.hashing.tell(self.queue.admission, lambda: self.queue.depth)
        self._database = Database(settings.database_url, f"authsvc {settings.name}", self.metrics)
        self._accounts = Accounts(self._database)
        self._throttles = Throttles(self._database)
        self._answering = Answering(settings.name, self.readiness)
        sessions = Sessions(self._database)
        self._upkeep = Upkeep(sessions)
        passwords = Passwords(self._database)
        self._checking = Checking(hasher, self.queue, passwords, self.metrics.passwords)
        self._service = Service(
            settings,
            self._accounts,
            sessions,
            Renewals(self._database),
            Introspection(self._database),
            Tokens(*settings.peppers),
            self._upkeep,
            Clients(self._database),
            passwords,
            self._checking,
            Throttle(
                Keys.of(settings.pepper, settings.limits), self._throttles, self.metrics.throttling
            ),
            self.metrics,
        )
        self._listeners: list[tuple[asyncio.Server, web.AppRunner]] = []
        self._chores: list[asyncio.Task[None]] = []

    def _hash_queue(self, rules: Admission) -> HashQueue:
        if not self.settings.faults.active:
            return HashQueue(rules, self.metrics.hashing)
        chance = Chance(time.monotonic, random.Random().random)  # noqa: S311 - guards nothing
        return FaultyQueue(rules, self.metrics.hashing, self.settings.faults, chance)

    @property
    def addresses(self) -> list[Address]:
        """Where service, private and, if it is on, admin listen, with the ports that were free."""
        return [Address(*s.sockets[0].getsockname()[:2]) for s, _ in self._listeners]

    @property
    def applications(self) -> list[web.Application]:
        """What listens, in the order of `addresses`."""
        return [runner.app for _, runner in self._listeners]

    async def start(self) -> None:
        """Listen. Does not wait for the database. Raises CannotListenError."""
        await self._database.open()
        self.queue.start()
        await self._listen(self._public(), self.settings.listen)
        await self._listen(self._private(), self.settings.private)
        if self.settings.admin:
            await self._listen(self._admin(), self.settings.admin)
        chores = (
            self._probe(),
            self._watch_lag(),
            self._forget(),
            self._settle_late(),
            *self._upkeep.chores(),
        )
        self._chores = [asyncio.create_task(chore) for chore in chores]

    async def stop(self) -> None:
        """Take no more, finish for every client that still waits, close all; bounded throughout."""
        self.readiness.draining = True
        if self._chores:  # else it never began, and nobody has to look away first
            await asyncio.sleep(self.settings.drain_delay)
        self.queue.drop_abandoned()
        for server, runner in self._listeners:
            server.close()
            await runner.cleanup()
        await self._checking.close()
        await self.queue.close()
        await self._service.throttle.settle_late()
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        await self._database.close()

    async def _listen(self, app: web.Application, address: Address) -> None:
        runner = web.AppRunner(
            app, shutdown_timeout=self.settings.deadline + _LATENESS_SECONDS, access_log=None
        )
        await runner.setup()
        server = runner.server
        if server is None:
            raise RuntimeError("aiohttp set up a runner without a server")
        server.request_handler = self._answering.expecting(server.request_handler)
        try:
            listening = await asyncio.get_running_loop().create_server(
                lambda: self._answering.protocol(server), address.host, address.port
            )
        except OSError as error:
            raise CannotListenError(address, error) from error
        self._listeners.append((listening, runner))

    def _public(self) -> web.Application:
        app = self._answering.application()
        for handlers in (Users, SessionHandlers, Holder, OAuth, PasswordHandlers):
            handlers(self._service).add_routes(app)
        app.router.add_get("/livez", _live)
        app.router.add_get("/readyz", self._ready)
        add_document(app, service.DOCUMENT)
        return app

    def _private(self) -> web.Application:
        app = self._answering.application()
        app.router.add_get("/livez", _live_in_detail)
        app.router.add_get("/readyz", self._ready_in_detail)
        app.router.add_get("/startupz", self._started_in_detail)
        app.router.add_get("/metrics", self._metrics)
        return app

    def _admin(self) -> web.Application:
        app = self._answering.application()
        add_admin(app, self._service, self._database)
        return app

    async def _ready(self, _: web.Request) -> web.Response:
        trouble = self._unready()
        if trouble is None:
            return web.Response(text="ready\n")
        return web.Response(text="not ready\n", status=503)

    async def _ready_in_detail(self, _: web.Request) -> web.Response:
        return self._in_detail(self._unready())

    async def _started_in_detail(self, _: web.Request) -> web.Response:
        return self._in_detail(None if self.readiness.started else self.readiness.trouble)

    def _unready(self) -> str | None:
        """Why no traffic should come here, or None."""
        return self.readiness.unready or self.settings.faults.unready(self.queue.depth)

    def _in_detail(self, trouble: str | None) -> web.Response:
        load = Load(self.queue.depth, self.queue.in_progress)
        told = health.details(self.settings, self.queue.admission, self.readiness, load)
        return _health(told | {"status": "fail" if trouble else "pass", "output": trouble})

    async def _metrics(self, _: web.Request) -> web.Response:
        headers = {"Content-Type": metrics.CONTENT_TYPE}
        return web.Response(body=self.metrics.exposition(), headers=headers)

    async def _probe(self) -> None:
        """Ask the database now and then; more often, and out of step, while it is not there yet."""
        dice = random.Random()  # noqa: S311 - spreads probes, guards nothing
        needed, attempt = latest_version(), 0
        while True:
            was_ready = self.readiness.ready
            began = time.monotonic()
            self.readiness.observe(await self._trouble(needed))
            self.readiness.probe_seconds = time.monotonic() - began
            if self.readiness.ready != was_ready:
                told = {"ready": not was_ready, "trouble": self.readiness.trouble}
                _log.warning("readiness changed", extra=told)
            attempt = 0 if self.readiness.ready else attempt + 1
            await asyncio.sleep(
                PROBE_SECONDS if self.readiness.ready else min(PROBE_SECONDS, pause(attempt, dice))
            )

    async def _trouble(self, needed: int) -> str | None:
        try:
            return health.schema_trouble(await self._accounts.schema_version(), needed)
        except DatabaseUnavailableError as error:
            return str(error)

    async def _forget(self) -> None:
        """Delete what throttles need no longer: a batch at a time, with pauses for others."""
        while True:
            try:
                more = await self._throttles.forget() >= BATCH
            except DatabaseUnavailableError:
                more = False  # it was logged, and the next time will do
            await asyncio.sleep(PROBE_SECONDS if more else _FORGET_SECONDS)

    async def _settle_late(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            await self._service.throttle.settle_late()

    async def _watch_lag(self) -> None:
        lags = [0.0] * _LAG_WINDOW
        while True:
            due = time.monotonic() + _LAG_SAMPLE_SECONDS
            await asyncio.sleep(_LAG_SAMPLE_SECONDS)
            lags = [*lags[1:], max(0.0, time.monotonic() - due)]
            self.metrics.loop_lag.set(max(lags))


async def _live(_: web.Request) -> web.Response:
    """The loop turns; nothing else is asked, so that load never looks like death."""
    return web.Response(text="alive\n")


async def _live_in_detail(_: web.Request) -> web.Response:
    return _health({"status": "pass"})


def _health(told: dict[str, Any]) -> web.Response:
    status = 200 if told["status"] == "pass" else 503
    return web.json_response(told, status=status, content_type=health.CONTENT_TYPE)
