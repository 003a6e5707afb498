"""What a configuration names outside itself, certificate and access log: opened, not yet in use.

Everything that can go wrong with them goes wrong in opening; to put them to use is assignments.
"""

import errno
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from balancer.config import Config
from balancer.net.access_log import AccessLog
from balancer.net.sticky import LEAST_SECRET, Stickiness
from balancer.net.tls import tls_context


class CannotOpen(Exception):
    """A file that the configuration names is not to be had: which setting, which file, and why."""

    def __init__(self, field: str, error: OSError) -> None:
        self.field = field
        self.reason = f"{error.filename}: {error.strerror}"
        super().__init__(f"{field}: {self.reason}")


@dataclass(frozen=True, slots=True)
class Opened:
    """The files of one configuration; None for what it does not name."""

    tls: ssl.SSLContext | None
    access_log: AccessLog | None
    stickiness: dict[str, Stickiness]
    """By pool."""


def open_files(config: Config, rng: Random, clock: Callable[[], float]) -> Opened:
    """Open what it names; `clock` is the loop's. Raises `CannotOpen`, and leaves nothing open."""
    try:
        tls = tls_context(config.tls) if config.tls else None
    except OSError as error:
        raise CannotOpen("tls", error) from error
    stickiness = _stickiness(config)
    log, wanted = None, config.access_log
    if wanted is not None:
        wall = datetime.now(UTC).timestamp() - clock()
        try:
            log = AccessLog(wanted.path, wanted.sample, rng, clock, wall)
        except OSError as error:
            raise CannotOpen("access_log.path", error) from error
    return Opened(tls, log, stickiness)


def _stickiness(config: Config) -> dict[str, Stickiness]:
    found = {}
    for i, pool in enumerate(config.pools):
        if pool.sticky is None:
            continue
        path = pool.sticky.secret_file
        try:
            secret = Path(path).read_bytes().strip()
            if len(secret) < LEAST_SECRET:
                reason = f"has {len(secret)} octets; a secret takes {LEAST_SECRET} or more"
                raise OSError(errno.EINVAL, reason, path)
        except OSError as error:
            raise CannotOpen(f"pools[{i}].sticky.secret_file", error) from error
        found[pool.name] = Stickiness(pool.sticky.cookie.encode(), secret)
    return found
