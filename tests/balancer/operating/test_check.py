"""`evenhand check`: a file beside what runs, and the account that the balancer gives of itself."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from balancer.admin.audit import AuditTrail
from balancer.table import fingerprint
from tests.balancer.configs import GOOD
from tests.balancer.operating.verbs import Ended, evenhand
from tests.balancer.test_app import Running

pytestmark = pytest.mark.live


async def check(running: Running, path: Path, *more: str) -> Ended:
    """Run the verb."""
    return await evenhand(running, "check", "--live", running.admin, "--config", str(path), *more)


async def test_the_file_that_it_was_started_with_is_the_same(
    running: Running, tmp_path: Path
) -> None:
    """Comments and layout do not count."""
    commented = tmp_path / "commented.yaml"
    commented.write_text("# as it runs\n" + running.text().replace("weight: 1", "weight:   1"))

    same = await check(running, running.path)

    assert same.code == 0
    assert "the same as the file" in same.out
    assert "warning: pool auth: no health checks" in same.out
    assert (await check(running, commented)).code == 0


async def test_what_an_operator_changed_differs_from_the_file(running: Running) -> None:
    """Setting by setting, who did it, exit code 1."""
    await evenhand(running, "admin", "weight", "auth", "auth-1", "16")

    differs = await check(running, running.path, "--json")

    report = json.loads(differs.out)
    assert differs.code == 1
    assert report["diff"] == ["pools.auth.endpoints.auth-1.weight: 1 → 16"]
    assert report["changed_by"]["actor"] == "alice"
    assert (report["same"], report["broken"], report["audited"]) == (False, [], 2)
    assert "weight 16" in report["warnings"][0]


async def test_the_order_of_endpoints_is_a_difference(running: Running, tmp_path: Path) -> None:
    """No setting differs, and yet `source_hash` would send clients elsewhere."""
    lines = running.text().splitlines()
    path = tmp_path / "turned.yaml"
    path.write_text("\n".join([*lines[:-2], lines[-1], lines[-2]]))

    differs = await check(running, path)

    assert differs.code == 1
    assert "only the order differs" in differs.out


@pytest.mark.parametrize("path", ["no-such.yaml", "broken.yaml"])
async def test_a_file_that_cannot_be_used_is_an_error(
    running: Running, tmp_path: Path, path: str
) -> None:
    """Exit code 2, and where it is wrong; nobody takes it for a difference."""
    (tmp_path / "broken.yaml").write_text("listen: [")

    error = await check(running, tmp_path / path)

    assert error.code == 2
    assert f"{path}:" in error.err


async def test_no_balancer_and_a_wrong_token_are_errors(running: Running) -> None:
    """A schedule must not take silence for agreement."""
    nobody = await evenhand(
        running, "check", "--live", "http://127.0.0.1:1", "--config", str(running.path)
    )
    wrong = await evenhand(
        running, "check", "--live", running.admin, "--config", str(running.path), token="guessed"
    )

    assert (nobody.code, wrong.code) == (2, 2)
    assert "does not answer" in nobody.err
    assert "401" in wrong.err


class Liar:
    """An admin listener whose account of itself was tampered with."""

    def __init__(self) -> None:
        audit = AuditTrail(None)
        self.hash = fingerprint(GOOD)
        audit.append(actor="operator", source="start", outcome="applied", to=self.hash)
        audit.append(actor="bob", source="api", outcome="refused", to=None)
        self.entries: list[dict[str, Any]] = audit.entries

    async def config(self, request: web.Request) -> web.Response:
        return web.Response(text=GOOD, headers={"ETag": f'"{self.hash}"'})

    async def audit(self, request: web.Request) -> web.Response:
        return web.json_response({"entries": self.entries})

    async def start(self) -> TestServer:
        app = web.Application()
        app.add_routes([web.get("/config", self.config), web.get("/audit", self.audit)])
        server = TestServer(app)
        await server.start_server()
        return server


def honest(liar: Liar) -> None:
    """No lie."""


def alter(liar: Liar) -> None:
    liar.entries[0]["actor"] = "nobody"


def forget(liar: Liar) -> None:
    del liar.entries[0]


def rename(liar: Liar) -> None:
    liar.hash = "0" * 16


@pytest.mark.parametrize(
    ("lie", "code", "said"),
    [
        (honest, 0, "the same as the file"),
        (alter, 2, "audit trail:1: the chain is broken"),
        (forget, 2, "audit trail:1: the chain is broken"),
        (rename, 2, "calls itself 0000000000000000"),
    ],
)
async def test_an_account_that_does_not_fit_together_is_an_error(
    running: Running, tmp_path: Path, lie: Callable[[Liar], None], code: int, said: str
) -> None:
    """Altered, shortened, or of another configuration: 2, even where no setting differs."""
    path, liar = tmp_path / "good.yaml", Liar()
    path.write_text(GOOD)
    lie(liar)
    server = await liar.start()

    ended = await evenhand(
        running, "check", "--live", str(server.make_url("")), "--config", str(path)
    )
    await server.close()

    assert ended.code == code
    assert said in ended.out
