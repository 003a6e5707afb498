"""Fixtures of the data path's tests."""

import pytest

from tests.balancer.net.fakes import Wire

ONE = """\
listen: 127.0.0.1:8080
routes:
  - {prefix: /, pool: auth}
pools:
  - name: auth
    endpoints:
      - {name: auth-1, address: "127.0.0.1:9001"}
"""


@pytest.fixture
async def wire() -> Wire:
    """A proxy before one endpoint, auth-1, with fake edges."""
    return Wire(ONE)
