"""Long work on the event loop, in slices: requests are served between them."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

Item = TypeVar("Item")

SLICE = 0.002
"""Seconds: as long as some ten exchanges take, and far less than a login."""


async def in_slices(items: Iterable[Item]) -> AsyncIterator[Item]:
    """The items; after each slice the loop gets round to whatever else there is.

    What the items are made of may be another by then: each must be whole by itself.
    """
    until = time.monotonic() + SLICE
    for item in items:
        yield item
        if time.monotonic() >= until:
            await asyncio.sleep(0)
            until = time.monotonic() + SLICE
