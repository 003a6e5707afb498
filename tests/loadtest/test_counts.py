"""Counting attempts on both sides, and changing the configuration, against tiny real servers."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from loadtest.config_api import ConfigApi, ConfigRefused
from loadtest.counts import Counts, read, settled
from loadtest.metrics import Scraper, total

INSTANCE = """\
# TYPE auth_attempts_submitted_total counter
auth_attempts_submitted_total{flow="login"} %d
auth_attempts_submitted_total{flow="register"} 7
auth_hash_queue_depth 3
"""
BALANCER = """\
# TYPE lb_attempts_total counter
lb_attempts_total{pool="auth",endpoint="auth-1"} %d
lb_attempts_total{pool="other",endpoint="auth-1"} 1
lb_attempts_total_of_something_else 99
"""


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


def test_counts_are_read_by_flow_and_by_endpoint() -> None:
    """Other flows do not count; an endpoint's pools are added up; similar names are not taken."""
    counts = read({"auth-1": INSTANCE % 5}, BALANCER % 4)
    assert (counts.instances, counts.balancer) == ({"auth-1": 5}, {"auth-1": 5})
    assert counts.agree


def test_a_page_without_the_counter_is_an_error_not_a_zero() -> None:
    """A renamed metric must not look like an instance that gets nothing."""
    with pytest.raises(LookupError, match="auth_attempts_submitted_total"):
        read({"auth-1": "up 1\n"}, "")


def test_the_difference_of_counts_is_what_a_phase_added() -> None:
    """An endpoint that was not there before counts from zero."""
    after, before = Counts({"a": 5, "b": 2}, {"a": 5}), Counts({"a": 3}, {"a": 1})
    assert after.since(before) == Counts({"a": 2, "b": 2}, {"a": 4})


def test_totals_add_up_over_labels_that_were_not_asked_for() -> None:
    """Without labels everything counts."""
    assert total(INSTANCE % 5, "auth_attempts_submitted_total") == 12
    assert total(INSTANCE % 5, "auth_hash_queue_depth") == 3


async def serve(page: Any) -> TestServer:
    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text=page())

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    server = TestServer(app)
    await server.start_server()
    return server


@pytest.mark.live
async def test_settling_waits_until_both_sides_agree(session: aiohttp.ClientSession) -> None:
    """What is on its way between balancer and instance is waited for."""
    seen = iter([3, 4, 6])
    instance = await serve(lambda: INSTANCE % next(seen))
    balancer = await serve(lambda: BALANCER % 5)
    scraper = Scraper(session, str(balancer.make_url("")), {"auth-1": str(instance.make_url(""))})
    assert (await settled(scraper)).instances == {"auth-1": 6}
    await instance.close()
    await balancer.close()


@pytest.mark.live
async def test_counts_that_never_agree_are_returned_as_they_are(
    session: aiohttp.ClientSession,
) -> None:
    """The verdict is to see the difference, so it is neither hidden nor waited for forever."""
    instance, balancer = await serve(lambda: INSTANCE % 1), await serve(lambda: BALANCER % 5)
    scraper = Scraper(session, str(balancer.make_url("")), {"auth-1": str(instance.make_url(""))})
    counts = await settled(scraper, within=0.1)
    assert not counts.agree
    await instance.close()
    await balancer.close()


class Admin:
    """An admin listener that answers as told, and remembers what was put."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.put: dict[str, Any] = {}

    async def start(self) -> TestServer:
        app = web.Application()
        app.router.add_get("/config", self._get)
        app.router.add_get("/table", self._table)
        app.router.add_put("/config", self._put)
        server = TestServer(app)
        await server.start_server()
        return server

    async def _get(self, _: web.Request) -> web.Response:
        return web.Response(text="listen: here\n", headers={"ETag": '"old"'})

    async def _table(self, _: web.Request) -> web.Response:
        endpoints = [{"name": "auth-1", "expected_share": 1.0}]
        return web.json_response({"pools": [{"name": "auth", "endpoints": endpoints}]})

    async def _put(self, request: web.Request) -> web.Response:
        self.put = {**request.headers, "body": yaml.safe_load(await request.text())}
        answer = {"hash": "new", "expected_shares": {"auth": {"auth-1": 0.5}}}
        return web.json_response(answer, status=self.status)


@pytest.mark.live
async def test_a_change_carries_token_and_etag(session: aiohttp.ClientSession) -> None:
    """PUT with If-Match of what was read; the answer's hash and shares are what runs then."""
    admin = Admin(200)
    server = await admin.start()
    api = ConfigApi(session, str(server.make_url("")).rstrip("/"), "t0ken")
    running = await api.get()
    applied = await api.put({**running.config, "more": 1}, running)
    await server.close()

    assert (running.hash, running.expected_shares) == ("old", {"auth-1": 1.0})
    assert admin.put["If-Match"] == '"old"'
    assert admin.put["Authorization"] == "Bearer t0ken"
    assert admin.put["body"] == {"listen": "here", "more": 1}
    assert (applied.etag, applied.expected_shares) == ('"new"', {"auth-1": 0.5})


@pytest.mark.live
@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "token is wrong"), (403, "no admin token"), (412, "somebody else"), (422, "not valid")],
)
async def test_a_refused_change_says_why(
    session: aiohttp.ClientSession, status: int, reason: str
) -> None:
    """In words that tell what to do, for each way a balancer refuses."""
    server = await Admin(status).start()
    api = ConfigApi(session, str(server.make_url("")).rstrip("/"), "t0ken")
    running = await api.get()
    with pytest.raises(ConfigRefused, match=reason):
        await api.put({}, running)
    await server.close()
