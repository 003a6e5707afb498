"""The loop's ticks, the clock, and what reaches JSON."""

import asyncio
import json
import math
from datetime import UTC, datetime

import pytest

from monitor import metrics
from monitor.alerting import step
from monitor.app import transition_document
from monitor.clock import SteadyClock
from monitor.rules import AlertRule
from monitor.watch import periodically
from tests.monitor.conftest import eventually


async def test_work_that_overruns_its_tick_is_not_made_up_for_in_a_burst() -> None:
    """Ticks that were missed are left out and counted."""
    calls: list[float] = []
    loop = asyncio.get_running_loop()

    async def work() -> None:
        calls.append(loop.time())
        if len(calls) == 1:
            await asyncio.sleep(0.25)

    async def thrice() -> bool:
        return len(calls) >= 3

    task = asyncio.create_task(periodically(0.1, work, "overrun"))
    await eventually(thrice)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    missed = metrics.REGISTRY.get_sample_value("monitor_missed_ticks_total", {"work": "overrun"})
    assert missed is not None
    assert missed >= 2
    assert calls[1] - calls[0] >= 0.29
    assert calls[2] - calls[1] >= 0.05


def test_the_clock_starts_at_the_walls_time_and_never_goes_back() -> None:
    """Milliseconds since 1970, so that people can read them."""
    clock = SteadyClock()
    readings = [clock.now_ms() for _ in range(100)]

    assert readings == sorted(readings)
    assert abs(readings[0] / 1000 - datetime.now(UTC).timestamp()) < 5


@pytest.mark.parametrize("value", [math.inf, math.nan, 1.5])
def test_every_value_gives_valid_json(value: float) -> None:
    """A capacity of zero makes an infinite share; JSON has no word for it."""
    _, [transition] = step(AlertRule("A", "g"), {}, value, 0)

    document = json.loads(json.dumps(transition_document(transition), allow_nan=False))

    assert document["value"] == (value if math.isfinite(value) else None)
