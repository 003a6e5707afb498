"""`evenhand authsvc serve`: one instance until it is told to end."""

import asyncio
import contextlib
import logging
import signal
from typing import Any

import uvloop

from authsvc import health
from authsvc.hashing.acceptable import common
from authsvc.hashing.passwords import Hasher
from authsvc.instance import Instance
from authsvc.metrics import release
from authsvc.settings import Profile, Settings

HARD_STOP_SECONDS = 30.0

_log = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises CannotListenError."""
    uvloop.run(_until_told(settings))


async def _until_told(settings: Settings) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, told.set)
    instance = await _prepared(settings)
    try:
        await instance.start()
        names = ("service", "private", "admin")  # in the order of `addresses`; admin may be off
        where = dict(zip(names, map(str, instance.addresses), strict=False))
        _log.info("listening", extra={**where, **_shown(settings)})
        await told.wait()
        _log.info("draining")
    finally:
        with contextlib.suppress(TimeoutError):  # whatever is left then ends with the process
            async with asyncio.timeout(HARD_STOP_SECONDS):
                await instance.stop()
    _log.info("stopped")


async def _prepared(settings: Settings) -> Instance:
    """Everything that costs hashing, done beside the loop so that a signal is heard meanwhile."""
    await asyncio.to_thread(common)  # else the first registration would read the list
    hasher = await asyncio.to_thread(
        Hasher.prepare, settings.pepper, settings.bcrypt_cost, settings.previous_pepper
    )
    return Instance(settings, hasher, await asyncio.to_thread(hasher.seconds))


def _shown(settings: Settings) -> dict[str, Any]:
    told: dict[str, Any] = {"profile": settings.profile, "release": settings.release or release()}
    if settings.profile is Profile.LAB:
        told |= {"lab_switches": settings.switches, "notes": health.notes(settings)}
    return told
