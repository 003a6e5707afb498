"""The operator's verbs as processes, before a running balancer."""

import asyncio
import os
import sys
from typing import NamedTuple

from tests.balancer.test_app import TOKEN, Running


class Ended(NamedTuple):
    """How a verb ended and what it said."""

    code: int | None
    out: str
    err: str


async def evenhand(running: Running, *argv: str, token: str = TOKEN) -> Ended:
    """Run a verb against this balancer's admin listener, with this token in its environment."""
    environment = {
        **os.environ, "EVENHAND_ADMIN_URL": running.admin, "EVENHAND_ADMIN_TOKEN": token,
        "COLUMNS": "120",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "evenhand", *argv, env=environment, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 30)
    return Ended(process.returncode, out.decode(), err.decode())
