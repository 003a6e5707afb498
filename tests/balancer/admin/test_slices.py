"""Long work in slices."""

import asyncio
import time
from collections.abc import Iterator

from balancer.admin.slices import SLICE, in_slices


def slow_items() -> Iterator[int]:
    """Ten items, each of which takes more than a slice."""
    for number in range(10):
        until = time.monotonic() + SLICE
        while time.monotonic() < until:
            pass
        yield number


async def test_others_get_their_turn_between_two_slices() -> None:
    """A task that was waiting runs before the work is done."""
    seen = []

    async def other() -> None:
        while True:
            seen.append(len(done))
            await asyncio.sleep(0)

    done: list[int] = []
    task = asyncio.create_task(other())
    async for number in in_slices(slow_items()):
        done.append(number)
    task.cancel()

    assert done == list(range(10))
    assert seen == list(range(1, 11))
