"""The whole stack as one thing: start it, use it, hear which part died, stop it without a trace."""

import asyncio
import json
import secrets
from collections.abc import Callable
from pathlib import Path

from loadtest import account, blueprint, ports, postgres, sharedmemory
from loadtest.blueprint import CHECKOUT, Files, StackOptions
from loadtest.parts import Part
from loadtest.ports import PortsTaken
from loadtest.postgres import Cluster, DatabaseDoesNotAnswer
from loadtest.postgres_binaries import NoPostgres
from loadtest.rundir import RunDir
from loadtest.supervisor import PartFailed, Supervisor

__all__ = ["CANNOT_START", "PartFailed", "Stack", "StackOptions"]

START_SECONDS = 60.0
CANNOT_START = (PortsTaken, DatabaseDoesNotAnswer, NoPostgres, OSError)
"""What `Stack.start` raises when the machine, not a part, is the reason."""


class Stack:
    """Postgres, the instances, the balancer and the monitor, as child processes on loopback.

    Once started: `users` can log in, all with `password`; `admin_token` changes the configuration.
    Use it from the main thread: the kernel ends the children with the thread that started them.
    """

    def __init__(
        self, options: StackOptions, say: Callable[[str], None] = lambda line: None
    ) -> None:
        self.options = options
        self.admin_token = secrets.token_urlsafe(32)
        self.database_url = ""
        self.users: list[str] = []
        self.password = ""
        self._say = say
        self._run: RunDir | None = None
        self._supervisor: Supervisor | None = None
        self._cluster: Cluster | None = None

    @property
    def addresses(self) -> dict[str, str]:
        """URLs by name: `balancer`, `balancer admin`, `monitor`, `auth-1`, `auth-1 private`, …"""
        return self.options.addresses

    @property
    def run_dir(self) -> Path:
        """Logs, secrets, Postgres's data; removed by `stop` unless `keep` was asked for."""
        if self._run is None:
            raise RuntimeError("the stack has not been started")
        return self._run.path

    @property
    def postgres_origin(self) -> str:
        """Where the Postgres that runs comes from: its folder and who put it there, or the URL."""
        if self._cluster is None:
            return "DATABASE_URL"
        return f"{self._cluster.binaries.folder} ({self._cluster.binaries.origin})"

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the parts that run now."""
        return {} if self._supervisor is None else self._supervisor.pids

    async def start(self) -> None:
        """Bring everything up; on any failure, and on cancellation, nothing is left.

        Raises one of CANNOT_START, or PartFailed.
        """
        own_postgres = self.options.database_url is None
        ports.check(self.options.ports, self.options.instances, own_postgres)
        if self.options.database_url is not None:
            await postgres.check(self.options.database_url)
        try:
            self._run = RunDir(account.unprivileged())
            stages = self._stages(self._run)
            self._supervisor = Supervisor(stages, self._run.logs, CHECKOUT, self._say)
            await self._supervisor.start(START_SECONDS)
            seeded = json.loads(self._seeded.read_text())
            self.users, self.password = seeded["users"], seeded["password"]
        except BaseException:
            await self.stop()
            raise

    async def died(self) -> str:
        """Wait for the first part that ends unasked; says which, how, and its last lines."""
        if self._supervisor is None:
            raise RuntimeError("the stack has not been started")
        return str(await self._supervisor.died())

    async def stop(self) -> None:
        """Stop every part, monitor first and Postgres last, and remove the run directory."""
        if self._supervisor is not None:
            await self._supervisor.stop()
        if self._cluster is not None:
            sharedmemory.remove_leftover(self._cluster.data)
        if self._run is not None:
            await asyncio.to_thread(self._run.close, self.options.keep)

    def kill(self) -> None:
        """End every part at once, out of order; `stop` is still to be awaited."""
        if self._supervisor is not None:
            self._supervisor.kill()

    @property
    def _seeded(self) -> Path:
        return self.run_dir / "seeded.json"

    def _stages(self, run: RunDir) -> list[list[Part]]:
        token = self.admin_token
        run.secret("admin.token", token)
        run.secret("admin.header", f"Authorization: Bearer {token}\n")
        config = run.path / "balancer.yaml"
        config.write_text(blueprint.balancer_yaml(self.options, token))
        pepper = run.secret("pepper", secrets.token_urlsafe(48))
        files = Files(config, run.path / "audit.jsonl", pepper, self._seeded)
        if self.options.database_url is not None:
            self.database_url = self.options.database_url
            return blueprint.parts(self.options, files, self.database_url, ())
        self._cluster = cluster = postgres.lay_out(
            run, self.options.ports.postgres, self.options.fsync
        )
        self.database_url = cluster.url
        own = [[part] for part in cluster.parts(blueprint.environment())]
        return own + blueprint.parts(self.options, files, self.database_url, ("postgres",))
