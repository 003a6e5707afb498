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
