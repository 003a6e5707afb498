"""Probes and reloads: a change must not make the balancer blind."""

import asyncio
from pathlib import Path

from balancer.admin.audit import AuditTrail
from balancer.app import Balancer
from tests.balancer.configs import GOOD, table


async def test_a_probe_under_way_survives_a_reload(tmp_path: Path) -> None:
    """Weights change, the probes of the same addresses go on; a removed endpoint's probe ends."""
    path = tmp_path / "balancer.yaml"
    path.write_text(GOOD)
    balancer = Balancer(path, AuditTrail(None), asyncio.get_running_loop())
    balancer._probe_anew(table())
    before = dict(balancer._probes)

    balancer._probe_anew(table(GOOD.replace("weight: 1}", "weight: 16}")))
    after = dict(balancer._probes)
    balancer._probe_anew(table(GOOD.replace("9002", "9102")))
    gone = before["auth", "127.0.0.1:9002", next(iter(before))[2]]
    await asyncio.wait({gone}, timeout=5)

    assert after == before
    assert gone.cancelled()
    for task in balancer._probes.values():
        task.cancel()
    await asyncio.gather(*balancer._probes.values(), return_exceptions=True)
