"""Who may do what: each route of the listener by each kind of caller, as one table."""

import hashlib
from random import Random

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from balancer import config as configuration
from balancer.admin.access import ANYBODY, authorise
from balancer.admin.api import AdminApi
from balancer.admin.audit import AuditTrail
from balancer.admin.change import Author, Changes
from tests.balancer.configs import GOOD, table
from tests.balancer.net.fakes import Wire


def sha256(token: str) -> str:
    """As a configuration holds it."""
    return hashlib.sha256(token.encode()).hexdigest()


TOKENS = (
    f"tokens: [{{name: eve, sha256: {sha256('viewer')}, role: viewer}}, "
    f"{{name: otto, sha256: {sha256('operator')}, role: operator}}, "
    f"{{name: old, sha256: {sha256('old')}}}]"
)
WITH_TOKENS = GOOD.replace("8081}", f"8081, {TOKENS}}}")
BEYOND = GOOD.replace("admin: {listen: 127.0.0.1:8081}", "admin: {listen: 0.0.0.0:8081}")

CALLERS = {"none": None, "wrong": "wrong", "viewer": "viewer", "operator": "operator", "old": "old"}
OPEN = [("GET", "/livez"), ("GET", "/metrics")]
READS = [("GET", "/table"), ("GET", "/config"), ("GET", "/audit"), ("POST", "/preview")]
VERBS = ("drain", "undrain", "weight", "eject", "readmit")
ENDPOINT = "/pools/auth/endpoints/auth-1"
CHANGES = [
    ("PUT", "/config"),
    *(("POST", f"{ENDPOINT}/{verb}") for verb in VERBS),
    ("POST", "/deny"),
    ("DELETE", "/deny"),
]  # fmt: skip
ALLOWED = {
    **{route: set(CALLERS) for route in OPEN},
    **{route: {"viewer", "operator", "old"} for route in READS},
    **{route: {"operator", "old"} for route in CHANGES},
}


def server(text: str) -> TestServer:
    """An admin listener over this configuration."""
    wire = Wire(text)
    changes = Changes(table(text), wire.proxy.apply, AuditTrail(None), Random(1))
    return TestServer(AdminApi(wire.proxy, changes).application())


async def turned_away(http: TestClient[web.Request, web.Application], method: str, path: str,
                      token: str | None) -> int | None:  # fmt: skip
    """401 or 403, or None for a caller who may; what the route then says of the body is its own."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with http.request(method, path, headers=headers) as answer:
        return answer.status if answer.status in (401, 403) else None


@pytest.mark.live
@pytest.mark.parametrize("caller", CALLERS)
async def test_each_route_is_for_whom_the_table_says(caller: str) -> None:
    """A wrong role is 403, no token or an unknown one 401; nobody is let in by a method beside."""
    refusal = 401 if caller in ("none", "wrong") else 403
    async with TestClient(server(WITH_TOKENS)) as http:
        got = {route: await turned_away(http, *route, CALLERS[caller]) for route in ALLOWED}

    assert got == {route: None if caller in may else refusal for route, may in ALLOWED.items()}


@pytest.mark.live
async def test_no_route_is_missing_from_the_table() -> None:
    """A route that is added must be thought about here."""
    api = server(WITH_TOKENS)
    await api.start_server()
    shape = {"{pool}": "auth", "{endpoint}": "auth-1"}
    routes = set()
    for one in api.app.router.routes() if api.app else []:
        path = one.resource.canonical if one.resource else ""
        for name, value in shape.items():
            path = path.replace(name, value)
        routes.add((one.method, path))
    await api.close()

    assert {route for route in routes if route[0] != "HEAD"} == set(ALLOWED)


@pytest.mark.live
@pytest.mark.parametrize(("text", "reads"), [(GOOD, None), (BEYOND, 403)])
async def test_without_tokens_loopback_reads_and_no_one_changes(
    text: str, reads: int | None
) -> None:
    """Beyond loopback only what scrapers and orchestrators need is there."""
    async with TestClient(server(text)) as http:
        got = {route: await turned_away(http, *route, "viewer") for route in ALLOWED}

    assert {got[route] for route in OPEN} == {None}
    assert {got[route] for route in READS} == {reads}
    assert {got[route] for route in CHANGES} == {403}


@pytest.mark.live
async def test_every_refusal_is_a_problem_document() -> None:
    """No such path, no such method, octets in a token that are no text."""
    async with TestClient(server(WITH_TOKENS)) as http:
        answers = [
            await http.get("/tabel"),
            await http.post("/table"),
            await http.get("/table", headers={"Authorization": "Bearer \udcff"}),
        ]
        documents = [
            await answer.json(content_type="application/problem+json") for answer in answers
        ]

    assert [one["status"] for one in documents] == [404, 405, 401]
    assert "GET" in answers[1].headers["Allow"]


def test_a_listener_beyond_loopback_without_tokens_is_warned_about() -> None:
    """It is legal: a container's port is published elsewhere."""
    (warning,) = [
        one for one in configuration.warnings(configuration.parse(BEYOND)) if "loopback" in one
    ]
    quiet = configuration.warnings(configuration.parse(WITH_TOKENS))

    assert "0.0.0.0:8081" in warning
    assert not any("loopback" in one for one in quiet)


def test_a_wrong_role_is_told_which_one_is_needed() -> None:
    """And whose token it was, as one may have several."""
    admin = configuration.parse(WITH_TOKENS).admin

    refused = authorise(admin, "operator", "Bearer viewer")

    assert isinstance(refused, web.Response)
    assert refused.status == 403
    assert "needs the role operator; eve is a viewer" in (refused.text or "")


def test_octets_that_are_no_text_are_an_unknown_token() -> None:
    """aiohttp hands them over as lone surrogates, which do not encode by themselves."""
    refused = authorise(configuration.parse(WITH_TOKENS).admin, "viewer", "Bearer \udcff")

    assert isinstance(refused, web.Response)
    assert refused.status == 401


def test_who_is_let_in_has_the_name_of_their_token() -> None:
    """It is the actor of the audit trail; the scheme's case does not matter (RFC 9110 11.1)."""
    admin = configuration.parse(WITH_TOKENS).admin

    assert authorise(admin, "operator", "bearer operator") == Author("otto", "api")
    assert authorise(configuration.parse(GOOD).admin, "viewer", "") == ANYBODY
