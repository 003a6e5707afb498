"""Fixtures of the auth service's tests: a fresh database for each module, instances, a client."""

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import pytest
from multidict import CIMultiDictProxy

from authsvc.api.openapi import operators as admin_document
from authsvc.api.openapi import service as service_document
from authsvc.connecting import connection
from authsvc.hashing.passwords import Hasher
from authsvc.instance import Instance
from authsvc.migrate import migrate
from authsvc.seed import seed
from authsvc.settings import Address, settings
from tests.authsvc.documented import Documented

T = TypeVar("T")
SERVICE = Documented(service_document.DOCUMENT.content(), authenticates_first=False)
ADMIN = Documented(admin_document.DOCUMENT.content(), authenticates_first=True)
PEPPER = "a pepper of 32 bytes, for tests only"
PASSWORD = "correct horse"


def apart(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread of its own, out of the way of the test's loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


async def make_database(server: str) -> str:
    """An empty database's URL on the given server."""
    name = f"evenhand_test_{secrets.token_hex(4)}"
    async with connection(server, wait=20) as session:
        await session.execute(f"create database {name}")
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


async def drop_database(server: str, url: str) -> None:
    """Remove it again, whoever is still connected."""
    async with connection(server, wait=5) as session:
        await session.execute(f"drop database {urlsplit(url).path[1:]} with (force)")


@contextlib.contextmanager
def database_on(server: str) -> Iterator[str]:
    """An empty database on the server, gone afterwards."""
    url = apart(make_database(server))
    try:
        yield url
    finally:
        apart(drop_database(server, url))


def fill(url: str) -> None:
    """The schema, and user0001 to user0040 with PASSWORD."""
    apart(migrate(url, wait=5))
    stored = Hasher.prepare(PEPPER.encode(), 4).create(PASSWORD)
    apart(seed(url, [f"user{n:04d}" for n in range(1, 41)], stored, wait=5))


@pytest.fixture
def empty_database(database_url: str) -> Iterator[str]:
    """A database without schema."""
    with database_on(database_url) as url:
        yield url


@pytest.fixture(scope="module")
def database(database_url: str) -> Iterator[str]:
    """A database with schema and users, for one test module."""
    with database_on(database_url) as url:
        fill(url)
        yield url


@dataclass(frozen=True)
class Answer:
    """What a client got."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Running:
    """An instance in this process, on real sockets, and a client for it."""

    instance: Instance
    client: aiohttp.ClientSession

    async def ask(self, method: str, path: str, **how: Any) -> Answer:
        """One request to the service port; `private=True` or `admin=True` for another.

        Where there is a document, the answer is held against it.
        """
        service, private, *admin = self.instance.addresses
        document = None if how.get("private") else ADMIN if how.get("admin") else SERVICE
        address = private if how.pop("private", False) else service
        address = admin[0] if how.pop("admin", False) else address
        async with self.client.request(method, f"http://{address}{path}", **how) as response:
            answer = Answer(response.status, response.headers, await response.read())
        if document is not None:
            document.hold(method, path, answer)
        return answer

    async def login(self, login: str = "user0001", password: str = PASSWORD, **how: Any) -> Answer:
        """POST /v1/sessions."""
        body = {"login": login, "password": password}
        return await self.ask("POST", "/v1/sessions", json=body, **how)

    @contextlib.asynccontextmanager
    async def logins(self, count: int) -> AsyncIterator[None]:
        """That many at once, in flight while the block lasts, and answered after it."""
        asked = [asyncio.create_task(self.login(f"user{n:04d}")) for n in range(1, count + 1)]
        try:
            yield
        finally:
            await asyncio.gather(*asked, return_exceptions=True)

    def metric(self, name: str, **labels: str) -> float:
        """A sample's value, which must exist."""
        value = self.instance.metrics.registry.get_sample_value(name, labels)
        assert value is not None, f"no {name}{labels}"
        return value

    async def counted(self, name: str, least: float, **labels: str) -> None:
        """Wait until a sample has reached `least`."""
        await until(lambda: self.metric(name, **labels) >= least)


class Start(Protocol):
    """Starts an instance with the given flags and waits until it is ready."""

    async def __call__(self, url: str, *, ready: bool = True, **flags: Any) -> Running:
        """`ready=False` does not wait."""


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Instances on free ports, stopped afterwards."""
    async with contextlib.AsyncExitStack() as stack:

        async def begin(url: str, *, ready: bool = True, **flags: Any) -> Running:
            free = Address("127.0.0.1", 0)
            environment = {"DATABASE_URL": url, "AUTH_PEPPER": PEPPER}
            environment |= flags.pop("environment", {})
            asked = settings(
                {"listen": free, "private": free, "create_share": 1.0, **flags}, environment
            )
            hasher = Hasher.prepare(asked.pepper, asked.bcrypt_cost, asked.previous_pepper)
            instance = Instance(asked, hasher, hash_seconds=0.001)
            stack.push_async_callback(instance.stop)
            await instance.start()
            connector = aiohttp.TCPConnector(limit=0)
            client = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            if ready:
                await until(lambda: instance.readiness.ready)
            return Running(instance, client)

        yield begin


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for a condition, and fail if it does not come about in time."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "the condition did not come about"
        await asyncio.sleep(0.01)


async def until_true(ask: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """As `until`, for a question that has to be awaited."""
    give_up_at = time.monotonic() + seconds
    while not await ask():
        assert time.monotonic() < give_up_at, "the condition did not come about"
        await asyncio.sleep(0.02)


async def query(url: str, statement: str, *values: object) -> Any:
    """One value from the database, asked behind the service's back."""
    async with connection(url, wait=5) as session:
        return await session.fetchval(statement, *values)
