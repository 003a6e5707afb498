"""whoami: requests a second, CPU and p99, beside FastAPI with SQLAlchemy; one process each.

Each has a core for itself, one after the other; wrk and Postgres have the rest. Round by round.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.auth import http
from bench.auth.stage import SESSIONS, Stage
from bench.children import CHECKOUT, CannotRun, Child, child, take_cores, unused_ports
from bench.progress import say

CONNECTIONS = 16
OURS, TUNED, DEFAULTS = "evenhand", "FastAPI, tuned", "FastAPI, as documented"


@dataclass(frozen=True)
class Read:
    """One contender in one round."""

    name: str
    round: int
    per_second: float
    cpu_micros: float
    p99: float  # milliseconds
    errors: int


@dataclass(frozen=True)
class _Contender:
    name: str
    process: Child
    port: int
    token: str


async def measure(on: Stage, wrk: Path, venv: Path, rounds: int, seconds: int) -> list[Read]:
    """Ours and both forms of the peer, if its packages are there. Takes a core from us for good."""
    core = take_cores().proxy
    found = []
    with ExitStack() as stack:
        auth = stack.enter_context(on.instance("--profile", "production", core=core))
        token = (await auth.post(SESSIONS))["access_token"]
        contenders = [_Contender(OURS, auth.process, auth.port, token)]
        theirs = await _token_for_the_peer(on.database_url)
        for name, autocommit in ((TUNED, "1"), (DEFAULTS, "")):
            try:
                contenders.append(
                    stack.enter_context(_peer(on, venv, name, autocommit, core, theirs))
                )
            except CannotRun as reason:
                say(f"left out: {name}: {reason}")
        for number in range(1, rounds + 1):
            for one in contenders:
                found.append(_read(one, wrk, number, seconds, on.folder))
                say(f"[{number}/{rounds}] {one.name}: {found[-1].per_second:.0f}/s, "
                    f"{found[-1].cpu_micros:.0f} µs, p99 {found[-1].p99:.1f} ms")  # fmt: skip
    return found


def _read(one: _Contender, wrk: Path, number: int, seconds: int, folder: Path) -> Read:
    http.reads(wrk, one.port, one.token, CONNECTIONS, 1, folder)  # its caches and its pool
    before = one.process.cpu()
    seen = http.reads(wrk, one.port, one.token, CONNECTIONS, seconds, folder)
    used = sum(one.process.cpu()) - sum(before)
    if seen.errors:
        say(f"{one.name}: {seen.errors} answers were errors; its figures mean nothing")
    return Read(
        one.name, number, seen.per_second, used / seen.requests * 1e6, seen.p99, seen.errors
    )


@contextmanager
def _peer(
    on: Stage, venv: Path, name: str, autocommit: str, core: int, token: str
) -> Iterator[_Contender]:
    python = venv / "bin" / "python"
    if not python.exists():
        raise CannotRun(f"there is no {python}; `make bench-auth` makes it")
    [port] = unused_ports(1)
    argv = [
        str(python), "-m", "uvicorn", "peer:app", "--app-dir", str(CHECKOUT / "bench" / "auth"),
        "--port", str(port), "--loop", "uvloop", "--http", "httptools", "--log-level", "warning",
        "--no-access-log",
    ]  # fmt: skip
    environment = {"DATABASE_URL": on.database_url, "PEER_AUTOCOMMIT": autocommit}
    with child(name, argv, on.folder / f"peer-{port}.log", core, environment) as process:
        process.wait_until_answers(port, "/v1/whoami")
        yield _Contender(name, process, port, token)


async def _token_for_the_peer(url: str) -> str:
    """A session like ours whose token the peer knows how to hash."""
    token = secrets.token_urlsafe(32)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "insert into sessions (user_id, access_hash, expires_at) "
            "select user_id, $1, expires_at from sessions limit 1",
            hashlib.sha256(token.encode()).digest(),
        )
    finally:
        await connection.close()
    return token
