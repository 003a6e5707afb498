"""`evenhand balancer`: the process around the data path; signals, listeners, the admin API."""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import uvloop
from aiohttp import web

from balancer import config as configuration
from balancer.admin.api import AdminApi
from balancer.admin.audit import AuditError, AuditTrail
from balancer.admin.change import Author, Change, Changes, Prepared
from balancer.config import Config
from balancer.core.pool import Pool
from balancer.fields import Address
from balancer.net import sweep
from balancer.net.access_log import AccessLog
from balancer.net.listener import Listener
from balancer.net.opened import CannotOpen, Opened, open_files
from balancer.net.probe import keep_probing
from balancer.net.proxy import Proxy
from balancer.pools import Health
from balancer.source import ConfigError
from balancer.table import Table, build

HELP = """\
Proxies HTTP/1.1 to the endpoints of its pools, as its configuration file says.

  evenhand balancer --config balancer.yaml
  kill -HUP PID                             read the file again; a wrong one changes nothing
  curl http://127.0.0.1:8081/table          what runs, with live counters (the admin listener)

The file:

  listen: 127.0.0.1:8080
  admin:                                    # may be left out: no admin listener then
    listen: 127.0.0.1:8081
    tokens: [{name: alice, sha256: HEX}]    # none: reads and metrics only
  routes:
    - {prefix: /, pool: auth}
  pools:
    - name: auth
      algorithm: round_robin                # the default; least_requests, p2c, source_hash
      endpoints:
        - {name: auth-1, address: "127.0.0.1:9001", weight: 1}
      health: {path: /readyz, interval: 2s, timeout: 1s, rise: 2, fall: 3}

A token is any long random text; the file holds the hex SHA-256 of it:
  TOKEN=$(openssl rand -hex 32); printf %s "$TOKEN" | sha256sum

Exit codes: 0 stopped by SIGTERM or Ctrl-C, 2 could not start.
"""

GRACE = 30.0
"""Seconds that exchanges under way get after SIGTERM: longer than any login, as Kubernetes's."""


class CannotStart(Exception):
    """Something that the process needs is not to be had; says what, and what would do."""


def log(event: str, **fields: Any) -> None:
    """One line of JSON on standard error; may be called from any thread.

    Not by way of sys.stderr, which keeps what a full disk refused, and fails again at exit.
    """
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = json.dumps({"at": at, "event": event, **fields}) + "\n"
    with contextlib.suppress(OSError):  # nowhere is left to tell it, and traffic is worth more
        os.write(2, line.encode())


class Balancer:
    """One running balancer."""

    def __init__(self, path: Path, audit: AuditTrail, loop: asyncio.AbstractEventLoop) -> None:
        config, text = configuration.load(path)
        self._path = path
        self._rng = Random()  # noqa: S311 # balancing needs dice that are fast, not secret
        table = build(config, text, self._rng)
        self._probes: dict[tuple[str, str, Health], asyncio.Task[None]] = {}
        try:
            opened = open_files(config, self._rng, loop.time)
        except CannotOpen as error:
            raise CannotStart(str(error)) from error
        self.proxy = Proxy(table, loop, self._rng, opened.access_log)
        self.proxy.stickiness = opened.stickiness
        self.listener = Listener(self.proxy, opened.tls)
        self.changes = Changes(table, self._apply, audit, self._rng, self._prepare)
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises `CannotStart`."""
        loop = self.proxy.loop
        config = self.proxy.table.config
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        await self._listen(config)
        admin = await self._admin(config)
        self._probe_anew(self.proxy.table)
        watching = [
            self.proxy.spawn(sweep.watch(self.proxy)),
            self.proxy.spawn(self.proxy.write_log()),
        ]
        for warning in configuration.warnings(config):
            log("config_warning", warning=warning)
        # What was loaded stays: without this each full collection walks 200,000 objects of it while
        # requests wait, and a collection for every 700 new objects finds nothing to collect.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        log("ready", listen=str(config.listen), config=self.proxy.table.hash)
        await self._stop.wait()
        log("stopping", exchanges=len(self.proxy.exchanges))
        self.listener.close()
        cut = await self.proxy.drain(GRACE)
        for task in (*watching, *self._probes.values()):
            task.cancel()
        if admin is not None:
            await admin.cleanup()
        if self.proxy.access_log is not None:
            put_away(self.proxy.access_log)
        log("stopped", exchanges_cut=cut)

    def _prepare(self, config: Config) -> Prepared:
        """Open what a new configuration names, before anything of it counts. Raises CannotOpen."""
        opened = open_files(config, self._rng, self.proxy.now)
        return Renewal(self.proxy, self.listener, opened)

    async def _listen(self, config: Config) -> None:
        try:
            await self.listener.start(config)
        except OSError as error:
            raise CannotStart(cannot_listen("listen", config.listen, error)) from error

    async def _admin(self, config: Config) -> web.AppRunner | None:
        if config.admin is None:
            return None
        runner = web.AppRunner(
            AdminApi(self.proxy, self.changes).application(), access_log=None, shutdown_timeout=1.0
        )
        await runner.setup()
        host, port = config.admin.listen
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise CannotStart(cannot_listen("admin.listen", config.admin.listen, error)) from error
        return runner

    def _reload(self) -> None:
        """SIGHUP: read the file again."""
        try:
            _, text = configuration.load(self._path)
            change = self.changes.put(text, str(self._path), Author("operator", "sighup"))
        except (ConfigError, AuditError) as error:
            log("config_refused", reason=str(error).splitlines())
            return
        self._log_change(change)

    def _log_change(self, change: Change) -> None:
        log("config_read", changed=change.changed, hash=change.hash, diff=change.diff)
        for warning in change.warnings:
            log("config_warning", warning=warning)

    def _apply(self, table: Table) -> None:
        self.proxy.apply(table)
        self._probe_anew(table)

    def _probe_anew(self, table: Table) -> None:
        """Probe the endpoints of this table, and no others.

        Probes under way go on: were they begun anew, a reload every interval would blind us.
        """
        running, self._probes = self._probes, {}
        for pool, endpoint in table.endpoints():
            health = self._health(table, pool)
            if health is None:
                continue
            key = (pool.name, endpoint.address, health)
            flipped = partial(self._flipped, pool.name, endpoint.address)
            task = running.pop(key, None)
            self._probes[key] = task or self.proxy.spawn(
                keep_probing(endpoint, health, flipped, self._rng)
            )
        for task in running.values():
            task.cancel()

    @staticmethod
    def _health(table: Table, pool: Pool) -> Health | None:
        return next(one.health for one in table.config.pools if one.name == pool.name)

    def _flipped(self, pool_name: str, address: str) -> None:
        """An endpoint turned up or down: its pool, as it is in today's table, has to know."""
        pool = self.proxy.table.pools[pool_name]
        pool.refresh()
        endpoint = next(one for one in pool.endpoints if one.address == address)
        log(
            "endpoint_up" if endpoint.health.up else "endpoint_down",
            pool=pool.name,
            endpoint=endpoint.name,
        )


class Renewal(Prepared):
    """The files of a new configuration, and where they go."""

    def __init__(self, proxy: Proxy, listener: Listener, opened: Opened) -> None:
        self._proxy = proxy
        self._listener = listener
        self._opened = opened

    def commit(self) -> None:
        """New handshakes and new lines use them; what the old log still holds goes to its file."""
        self._listener.tls = self._opened.tls
        self._proxy.stickiness = self._opened.stickiness
        old, self._proxy.access_log = self._proxy.access_log, self._opened.access_log
        if old is not None:
            self._proxy.spawn(asyncio.to_thread(put_away, old))

    def discard(self) -> None:
        """Close them."""
        if self._opened.access_log is not None:
            put_away(self._opened.access_log)


def put_away(access_log: AccessLog) -> None:
    """Close an access log; if its disk refuses the last lines, that is told and nothing else."""
    try:
        access_log.close()
    except OSError as error:
        reason = error.strerror or str(error)
        log("access_log_failed", path=access_log.path, reason=reason, lost=access_log.dropped)


def cannot_listen(field: str, where: Address, error: OSError) -> str:
    """Why a listener could not be opened, and what would do instead."""
    text = (error.strerror or str(error)).lower()
    if "address already in use" in str(error).lower():
        text = "the port is in use; stop what holds it, or choose another in the configuration"
    return f"{field}: cannot listen on {where}: {text}"


async def serve(config: Path, audit: Path | None) -> None:
    """Run a balancer until it is told to stop."""
    balancer = Balancer(config, AuditTrail(audit), asyncio.get_running_loop())
    await balancer.run()


def main(argv: Sequence[str]) -> int:
    """The verb; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="evenhand balancer",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", required=True, type=Path, metavar="FILE")
    parser.add_argument(
        "--audit",
        type=Path,
        metavar="FILE",
        help="append the audit trail here (default: in memory)",
    )
    options = parser.parse_args(argv)
    try:
        uvloop.run(serve(options.config, options.audit))
    except (CannotStart, ConfigError, AuditError) as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"evenhand balancer: {line}\n")
        return 2
    return 0
