"""A Postgres of our own for one run: SCRAM only, loopback only, never as root, gone afterwards."""

import os
import secrets
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from loadtest import account, postgres_binaries, sharedmemory
from loadtest.parts import Part
from loadtest.ports import LOOPBACK
from loadtest.postgres_binaries import Binaries
from loadtest.rundir import RunDir
from loadtest.supervisor import Supervisor

SUPERUSER = "postgres"
ROLE = DATABASE = "evenhand"
START_SECONDS = 30.0
ANSWER_SECONDS = 5.0


class DatabaseDoesNotAnswer(Exception):
    """The database in DATABASE_URL cannot be used. The message names it without its password."""


@dataclass(frozen=True)
class Cluster:
    """One database cluster: its folder, its port, its secrets."""

    binaries: Binaries
    folder: Path
    port: int
    fsync: bool
    superuser_password: str = field(repr=False)
    role_password: str = field(repr=False)

    @property
    def url(self) -> str:
        """What a client connects to, as a role that owns its database and nothing more."""
        return f"postgresql://{ROLE}:{self.role_password}@{LOOPBACK}:{self.port}/{DATABASE}"

    def parts(self, env: Mapping[str, str]) -> list[Part]:
        """Lay the cluster down, then run it, with `env` as the whole environment."""
        who = account.unprivileged()
        initdb = Part("initdb", self._initdb(), env, then=self._forget_password_file, account=who)
        postgres = Part(
            "postgres",
            self._postgres(),
            env,
            ready=self._accepts,
            after=(initdb.name,),
            then=self._make_database,
            account=who,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
            kill_signal=signal.SIGQUIT,  # "immediate": no SIGKILL, which would orphan its children
        )
        return [initdb, postgres]

    @property
    def password_file(self) -> Path:
        """Holds the superuser's password for as long as initdb runs."""
        return self.folder / "password"

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    def _initdb(self) -> tuple[str, ...]:
        durability = () if self.fsync else ("--no-sync",)
        return (
            *(self.binaries.program("initdb"), "-D", str(self.data), "-U", SUPERUSER),
            *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256"),
            f"--pwfile={self.password_file}",
            *("--encoding=UTF8", "--locale=C"),  # the one locale that every system has
            *durability,
        )

    def _postgres(self) -> tuple[str, ...]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            # In the data directory, so that even a SIGKILL leaves nothing in /dev/shm.
            "dynamic_shared_memory_type": "mmap",
            "fsync": "on" if self.fsync else "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return (self.binaries.program("postgres"), "-D", str(self.data), *options)

    async def _forget_password_file(self) -> None:
        self.password_file.unlink()

    async def _connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(
            host=LOOPBACK,
            port=self.port,
            user=SUPERUSER,
            password=self.superuser_password,
            database="postgres",
            timeout=1.0,
            # The statement that sets a password is not to reach the log, not even by failing.
            server_settings={"log_min_error_statement": "panic", "log_statement": "none"},
        )

    async def _accepts(self) -> bool:
        try:
            connection = await self._connect()
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
            return False
        await connection.close()
        return True

    async def _make_database(self) -> None:
        connection = await self._connect()
        try:
            # A generated password of letters, digits, - and _ cannot break out of the quotes.
            await connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{self.role_password}'")
            await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
        finally:
            await connection.close()


def lay_out(run: RunDir, port: int, fsync: bool = True) -> Cluster:
    """Make the folders and the password file of a new cluster inside `run`; starts nothing.

    Without `fsync` a power cut may cost committed data: for throw-away databases only. Raises
    NoPostgres when there are no programs for it.
    """
    who = account.unprivileged()
    folder = run.path / "postgres"
    folder.mkdir(0o755)
    binaries = postgres_binaries.within_reach(postgres_binaries.find(), who, folder)
    cluster = Cluster(
        binaries, folder, port, fsync, secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    )
    cluster.data.mkdir(0o700)
    password_file = run.secret("postgres/password", cluster.superuser_password)
    if who is not None:
        for path in (cluster.data, password_file):
            os.chown(path, who.uid, who.gid)
    return cluster


@asynccontextmanager
async def running(port: int, fsync: bool = True) -> AsyncIterator[Cluster]:
    """A Postgres on `port` for as long as the block lasts; nothing of it remains."""
    run = RunDir(account.unprivileged())
    try:
        cluster = lay_out(run, port, fsync)
        stages = [[part] for part in cluster.parts({"PATH": os.defpath})]
        supervisor = Supervisor(stages, run.logs, run.path)
        try:
            await supervisor.start(START_SECONDS)
            yield cluster
        finally:
            await supervisor.stop()
            sharedmemory.remove_leftover(cluster.data)
    finally:
        run.close(keep=False)


async def check(url: str, within: float = ANSWER_SECONDS) -> None:
    """Let go again of a database that lets us in `within` so many seconds.

    Raises DatabaseDoesNotAnswer for any other.
    """
    place = public_name(url)
    try:
        connection = await asyncpg.connect(url, timeout=within)
        await connection.close(timeout=within)
    except asyncpg.InterfaceError as problem:
        # Its text may quote the URL, and with it the password: leave both behind.
        raise DatabaseDoesNotAnswer(_not_understood()) from problem.with_traceback(None)
    except TimeoutError as problem:
        message = f"the database in DATABASE_URL ({place}) does not answer within {within:g} s"
        raise DatabaseDoesNotAnswer(message) from problem
    except (OSError, asyncpg.PostgresError) as problem:
        message = f"the database in DATABASE_URL ({place}) does not let us in: {problem}"
        raise DatabaseDoesNotAnswer(message) from problem


def public_name(url: str) -> str:
    """host:port/database of a Postgres URL. Raises DatabaseDoesNotAnswer if it is malformed.

    A password with a bare `/`, `?`, `#` or `@` shifts the borders of a URL, and pieces of it would
    be shown as host or database; any sign of that makes the URL malformed.
    """
    try:
        split = urlsplit(url)
        host, port = split.hostname, split.port
    except ValueError:
        raise DatabaseDoesNotAnswer(_not_understood()) from None
    shifted = "@" in split.path + split.query + split.fragment or bool(split.fragment)
    if shifted or split.scheme not in ("postgres", "postgresql") or not host:
        raise DatabaseDoesNotAnswer(_not_understood())
    return f"{host}:{port or 5432}{split.path}"


def _not_understood() -> str:
    return (
        "DATABASE_URL is not understood: it should look like "
        "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with any of / ? # @ in the password "
        "written as %2F %3F %23 %40"
    )
