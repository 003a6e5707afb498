"""The admin API without tokens: reads only. (With tokens: test_app, on the real process.)"""

from io import BytesIO
from random import Random

import pytest
from aiohttp.test_utils import TestClient, TestServer

from balancer.admin.api import AdminApi
from balancer.admin.audit import AuditTrail
from balancer.admin.change import Changes
from tests.balancer.configs import GOOD, table
from tests.balancer.net.fakes import Wire

pytestmark = pytest.mark.live


async def test_without_a_token_nothing_can_be_changed() -> None:
    """403 even for who sends some token, and every read still works."""
    wire = Wire(GOOD)
    changes = Changes(table(), wire.proxy.apply, AuditTrail(None), Random(1))
    api = AdminApi(wire.proxy, changes)

    async with TestClient(TestServer(api.application())) as http:
        refused = await http.put(
            "/config", data=GOOD, headers={"Authorization": "Bearer x", "If-Match": "*"}
        )
        reads = [
            (await http.get(path)).status
            for path in ("/config", "/table", "/audit", "/metrics", "/livez")
        ]

        assert refused.status == 403
        assert "admin.tokens" in (await refused.json(content_type=None))["detail"]
        assert reads == [200] * 5


async def test_the_audit_trail_comes_in_pages() -> None:
    """The newest 100 unless told otherwise; each page tells how to ask for the one before."""
    wire = Wire(GOOD)
    audit = AuditTrail(None)
    changes = Changes(table(), wire.proxy.apply, audit, Random(1))
    for _ in range(149):
        audit.append(actor="alice")

    async with TestClient(TestServer(AdminApi(wire.proxy, changes).application())) as http:
        newest = await (await http.get("/audit")).json()
        before = await (await http.get("/audit?limit=40&before=51")).json()
        first = await (await http.get(f"/audit?before={before['before']}")).json()

    assert [entry["seq"] for entry in newest["entries"]] == list(range(51, 151))
    assert newest["before"] == 51
    assert [entry["seq"] for entry in before["entries"]] == list(range(11, 51))
    assert [entry["seq"] for entry in first["entries"]] == list(range(1, 11))
    assert first["before"] is None


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("limit=0", "limit: '0' is no whole number from 1 to 1000"),
        ("limit=1001", "limit: '1001' is no whole number from 1 to 1000"),
        ("limit=ten", "limit: 'ten' is no whole number from 1 to 1000"),
        ("before=0", "before: '0' is no sequence number, a whole number from 1 on"),
        ("before=-1", "before: '-1' is no sequence number, a whole number from 1 on"),
        ("last=5", "no parameter 'last'; there are: limit, before"),
    ],
)
async def test_a_page_that_cannot_be_is_refused(query: str, detail: str) -> None:
    """400, with what may be asked for."""
    wire = Wire(GOOD)
    changes = Changes(table(), wire.proxy.apply, AuditTrail(None), Random(1))

    async with TestClient(TestServer(AdminApi(wire.proxy, changes).application())) as http:
        answer = await http.get(f"/audit?{query}")
        problem = await answer.json(content_type="application/problem+json")

    assert (answer.status, problem["detail"]) == (400, detail)


async def test_a_configuration_that_is_no_text_is_refused() -> None:
    """Octets that are not UTF-8, and a body beyond any configuration's size."""
    text = GOOD.replace("8081}", "8081, tokens: [{name: a, sha256: " + SHA256_OF_X + "}]}")
    wire = Wire(text)
    changes = Changes(table(text), wire.proxy.apply, AuditTrail(None), Random(1))
    headers = {"Authorization": "Bearer x", "If-Match": f'"{changes.table.hash}"'}

    async with TestClient(TestServer(AdminApi(wire.proxy, changes).application())) as http:
        octets = await http.put("/config", data=b"\xff\xfe", headers=headers)
        large = await http.put("/config", data=BytesIO(b"#" * 2_000_000), headers=headers)

        assert (octets.status, large.status) == (422, 413)


SHA256_OF_X = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
