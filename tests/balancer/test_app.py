"""The whole balancer as a process: real sockets, real signals, real HTTP on both listeners."""

import asyncio
import contextlib
import hashlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from balancer.admin.audit import verify
from balancer.admin.metrics import METRICS

pytestmark = pytest.mark.live

TOKEN = "a-token-of-this-test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def free_port() -> int:
    """A port that nobody listens on, below those that the system gives to outgoing connections."""
    while True:
        port = Random().randrange(21_000, 32_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


class Running:
    """A balancer process before two endpoints that this test serves."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "balancer.yaml"
        self.audit = folder / "audit.jsonl"
        self.port, self.admin_port = free_port(), free_port()
        self.process: asyncio.subprocess.Process
        self.endpoints: list[asyncio.Server] = []
        self.serving: list[asyncio.Task[None] | None] = []
        self.served: list[str] = []

    async def start(self) -> None:
        """Two endpoints, the configuration, the process, ready."""
        for name in ("auth-1", "auth-2"):
            self.endpoints.append(await self._endpoint(name))
        self.path.write_text(self.text())
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "evenhand", "balancer", "--config", str(self.path),
            "--audit", str(self.audit), stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await self.until_logged("ready")

    def text(self, weight: int = 1) -> str:
        """Its configuration, with auth-1 at this weight."""
        ports = [server.sockets[0].getsockname()[1] for server in self.endpoints]
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        return (
            f"listen: 127.0.0.1:{self.port}\n"
            f"admin: {{listen: 127.0.0.1:{self.admin_port}, "
            f"tokens: [{{name: alice, sha256: {digest}}}]}}\n"
            "routes: [{pool: auth}]\npools:\n  - name: auth\n    endpoints:\n"
            f'      - {{name: auth-1, address: "127.0.0.1:{ports[0]}", weight: {weight}}}\n'
            f'      - {{name: auth-2, address: "127.0.0.1:{ports[1]}"}}\n'
        )

    async def _endpoint(self, name: str) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.serving.append(asyncio.current_task())
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while await reader.readuntil(b"\r\n\r\n"):
                    self.served.append(name)
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

        return await asyncio.start_server(serve, "127.0.0.1", 0)

    async def until_logged(self, event: str) -> str:
        """The next log line of an event."""
        assert self.process.stderr is not None
        async with asyncio.timeout(30):
            while line := await self.process.stderr.readline():
                if f'"event": "{event}"' in line.decode():
                    return line.decode()
        raise AssertionError(f"ended without logging {event}")

    async def stop(self) -> None:
        """Kill what is left."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        self.process._transport.close()  # type: ignore[attr-defined] # or its pipe warns at exit
        for server in self.endpoints:
            server.close()
        await asyncio.gather(*(task for task in self.serving if task is not None))

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin(self) -> str:
        """Where operators connect."""
        return f"http://127.0.0.1:{self.admin_port}"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A running balancer."""
    one = Running(tmp_path)
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client."""
    async with aiohttp.ClientSession() as session:
        yield session


async def put(
    http: aiohttp.ClientSession, running: Running, text: str, **headers: str
) -> tuple[int, dict[str, object]]:
    """PUT /config with these header fields; underscores in their names become hyphens."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    async with http.put(f"{running.admin}/config", data=text, headers=fields) as answer:
        return answer.status, await answer.json(content_type=None)


async def etag(http: aiohttp.ClientSession, running: Running) -> str:
    """The running configuration's ETag."""
    async with http.get(f"{running.admin}/config", headers=BEARER) as answer:
        assert await answer.text() == running.text()
        return answer.headers["ETag"]


async def test_requests_are_spread_and_counted(
    running: Running, http: aiohttp.ClientSession
) -> None:
    """Twenty requests: ten each, and /table and /metrics say the same."""
    for _ in range(20):
        async with http.get(f"{running.url}/x") as answer:
            assert await answer.text() == "ok"

    async with http.get(f"{running.admin}/table", headers=BEARER) as answer:
        (pool,) = (await answer.json())["pools"]
    assert sorted(running.served) == ["auth-1"] * 10 + ["auth-2"] * 10
    assert [one["attempts"] for one in pool["endpoints"]] == [10, 10]
    samples = await metrics(http, running)
    assert samples["lb_attempts_total", "auth-1"] == 10.0


async def metrics(http: aiohttp.ClientSession, running: Running) -> dict[tuple[str, str], float]:
    """Samples by name and endpoint."""
    async with http.get(f"{running.admin}/metrics") as answer:
        page = await answer.text()
    return {
        (sample.name, sample.labels.get("endpoint", "")): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


async def test_every_declared_metric_is_there_from_the_start(
    running: Running, http: aiohttp.ClientSession
) -> None:
    """Before the first request each name has at least one series."""
    names = {name for name, _ in await metrics(http, running)}

    for declared in METRICS:
        histogram = declared.name.endswith("_seconds") and "duration" in declared.name
        assert declared.name + ("_bucket" if histogram else "") in names


async def test_a_put_changes_the_running_configuration(
    running: Running, http: aiohttp.ClientSession
) -> None:
    """With the token and the ETag: the new weights count from the next request on."""
    tag = await etag(http, running)

    status, change = await put(
        http, running, running.text(weight=3), If_Match=tag, Authorization=f"Bearer {TOKEN}"
    )
    for _ in range(8):
        async with http.get(f"{running.url}/x"):
            pass

    assert status == 200
    assert change["diff"] == ["pools.auth.endpoints.auth-1.weight: 1 → 3"]
    assert change["expected_shares"] == {"auth": {"auth-1": 0.75, "auth-2": 0.25}}
    assert running.served.count("auth-1") == 6
    async with http.get(f"{running.admin}/audit", headers=BEARER) as answer:
        assert [one["actor"] for one in (await answer.json())["entries"]] == ["operator", "alice"]
    assert len(verify(running.audit.read_text().splitlines(), "audit")) == 2


@pytest.mark.parametrize(
    ("headers", "status", "detail"),
    [
        ({}, 401, "send Authorization: Bearer TOKEN"),
        ({"Authorization": "Bearer wrong"}, 401, "this token is not known here"),
        ({"Authorization": f"Basic {TOKEN}"}, 401, "this token is not known here"),
        ({"Authorization": f"Bearer {TOKEN}"}, 428, "send If-Match with the ETag"),
        ({"Authorization": f"Bearer {TOKEN}", "If-Match": '"old"'}, 412, "read it again"),
    ],
)
async def test_a_put_without_the_right_is_turned_away(
    running: Running, http: aiohttp.ClientSession, headers: dict[str, str], status: int, detail: str
) -> None:
    """No token, a wrong one, no ETag, a stale one: each is told what it needs."""
    got, problem = await put(http, running, running.text(weight=3), **headers)

    assert got == status
    assert detail in str(problem["detail"])
    assert await etag(http, running)


async def test_a_wrong_configuration_is_refused_with_its_place(
    running: Running, http: aiohttp.ClientSession
) -> None:
    """422 with line, column, field and message for each mistake; nothing is changed."""
    tag = await etag(http, running)
    wrong = running.text().replace("endpoints", "endpoint")

    status, problem = await put(http, running, wrong, If_Match=tag, Authorization=f"Bearer {TOKEN}")

    assert status == 422
    errors = problem["errors"]
    assert isinstance(errors, list)
    assert any("did you mean 'endpoints'?" in one["message"] and one["line"] == 6 for one in errors)
    assert await etag(http, running) == tag


async def test_sighup_reads_the_file_again(running: Running, http: aiohttp.ClientSession) -> None:
    """A good file is applied; a broken one is logged with its place, and the good one runs on."""
    running.path.write_text(running.text(weight=3))
    running.process.send_signal(signal.SIGHUP)
    applied = await running.until_logged("config_read")
    running.path.write_text("listen: [")
    running.process.send_signal(signal.SIGHUP)
    refused = await running.until_logged("config_refused")

    assert "weight: 1" in applied
    assert "balancer.yaml:2:1: not valid YAML" in refused
    async with http.get(f"{running.url}/x") as answer:
        assert answer.status == 200


async def test_sigterm_ends_it_with_0(running: Running) -> None:
    """And the port is free again."""
    running.process.send_signal(signal.SIGTERM)

    assert await asyncio.wait_for(running.process.wait(), 10) == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", running.port)) != 0


async def start_wrongly(*arguments: str) -> tuple[int | None, str]:
    """The exit code and the error output of a balancer that cannot start."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "evenhand", "balancer", *arguments,
        stderr=asyncio.subprocess.PIPE, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    _, errors = await asyncio.wait_for(process.communicate(), 20)
    return process.returncode, errors.decode()


async def test_a_port_in_use_is_told_in_one_line(running: Running) -> None:
    """Which setting, which address, what to do; no traceback."""
    code, errors = await start_wrongly("--config", str(running.path))

    assert code == 2
    assert errors == (
        f"evenhand balancer: listen: cannot listen on 127.0.0.1:{running.port}: the port is in "
        "use; stop what holds it, or choose another in the configuration\n"
    )


async def test_a_broken_file_is_told_with_its_place(tmp_path: Path) -> None:
    """File, line and column, as editors like them."""
    path = tmp_path / "broken.yaml"
    path.write_text("listen: 127.0.0.1:80\nroutes: [\n")

    code, errors = await start_wrongly("--config", str(path))

    assert code == 2
    assert errors.startswith(f"evenhand balancer: {path}:3:1: not valid YAML")
