"""`evenhand authsvc serve`: one instance until it is told to end."""

import asyncio
import contextlib
import logging
import signal

import uvloop

from authsvc.hashing.acceptable import common
from authsvc.hashing.passwords import Hasher
from authsvc.instance import Instance
from authsvc.settings import Settings

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
        service, private = map(str, instance.addresses)
        _log.info("listening", extra={"service": service, "private": private, **_shown(settings)})
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


def _shown(settings: Settings) -> dict[str, str]:
    if not settings.hash_seconds:
        return {"profile": settings.profile}
    emulated = f"{settings.hash_slots} slots, each hash holds one {settings.hash_seconds} s"
    return {"profile": settings.profile, "emulation": emulated}
