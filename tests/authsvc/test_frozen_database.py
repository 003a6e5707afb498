"""Postgres stops answering without closing anything: the outage that hangs careless clients."""

import asyncio
import signal
import time

import pytest

from tests.authsvc.cluster import cluster
from tests.authsvc.conftest import Start, fill, until


@pytest.mark.live
@pytest.mark.measures
async def test_a_frozen_database_costs_bounded_503s(start: Start) -> None:
    """Every answer comes in time, liveness stays up, and all is well after the thaw."""
    with cluster() as postgres:
        fill(postgres.url)
        auth = await start(postgres.url, hash_seconds=0.0)
        assert (await auth.login()).status == 201
        postgres.signal_all(signal.SIGSTOP)
        try:
            began = time.monotonic()
            answers = await asyncio.gather(*(auth.login(f"user{n:04d}") for n in range(1, 9)))
            assert time.monotonic() - began < 2.3  # 1.5 s, were it not for this machine's noise
            assert {answer.status for answer in answers} == {503}
            assert {answer.json["code"] for answer in answers} == {"database_unavailable"}
            assert (await auth.ask("GET", "/livez")).status == 200
            await until(lambda: not auth.instance.readiness.ready)
        finally:
            postgres.signal_all(signal.SIGCONT)
        await until(lambda: auth.instance.readiness.ready)
        assert (await auth.login()).status == 201
