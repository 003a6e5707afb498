"""Fixtures of the data path's tests."""

from pathlib import Path

import pytest

from tests.balancer.net.certificates import Make, maker
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


@pytest.fixture
def certificate(tmp_path: Path) -> Make:
    """Makes a self-signed certificate for a name."""
    return maker(tmp_path)
