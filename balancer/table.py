"""All routes, immutable, versioned: what one configuration means to the data path."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from pydantic import BaseModel

from balancer.config import Config
from balancer.core.algorithms.settings import Settings
from balancer.core.endpoint import Endpoint
from balancer.core.hash_key import hash_key
from balancer.core.pool import Pool
from balancer.pools import PoolConfig


@dataclass(frozen=True, slots=True)
class Route:
    """Host (None for any) and path prefix, and the pool they lead to."""

    host: bytes | None
    prefix: bytes
    pool: Pool

    def matches(self, host: bytes, path: bytes) -> bool:
        """Whether a request goes here: by whole path segments, so /api does not catch /apix."""
        prefix = self.prefix
        if not path.startswith(prefix) or (self.host is not None and self.host != host):
            return False
        return prefix.endswith(b"/") or len(path) == len(prefix) or path[len(prefix)] in b"/?"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Swapped whole when the configuration changes; nothing in it is edited."""

    config: Config
    text: str
    hash: str
    """The first 16 hex digits of the text's SHA-256: the version, the ETag and the metric label."""
    routes: tuple[Route, ...]
    """Routes with a host before those without, long prefixes before short ones."""
    pools: dict[str, Pool]

    def match(self, host: bytes, path: bytes) -> Pool | None:
        """The pool for a request's host (lower case, without port) and target, or None."""
        for route in self.routes:
            if route.matches(host, path):
                return route.pool
        return None

    def endpoints(self) -> Iterator[tuple[Pool, Endpoint]]:
        """Every endpoint with its pool, in the order of the file."""
        for pool in self.pools.values():
            for endpoint in pool.endpoints:
                yield pool, endpoint

    def expected_shares(self) -> dict[str, dict[str, float]]:
        """For each pool, the share that each endpoint is meant to get."""
        return {name: pool.expected_shares() for name, pool in self.pools.items()}


def fingerprint(text: str) -> str:
    """The version of a configuration text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def build(
    config: Config,
    text: str,
    rng: Random,
    old: Table | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Table:
    """The table for a configuration. An address that stays in its pool keeps load and health.

    `clock` tells seconds; it is the one that the event loop's deadlines are on.
    """
    pools = {
        pool.name: _pool(pool, rng, clock, old.pools.get(pool.name) if old else None)
        for pool in config.pools
    }
    routes = sorted(
        (
            Route(
                route.host.encode() if route.host else None,
                route.prefix.encode(),
                pools[route.pool],
            )
            for route in config.routes
        ),
        key=lambda route: (route.host is None, -len(route.prefix)),
    )
    return Table(config, text, fingerprint(text), tuple(routes), pools)


def _pool(config: PoolConfig, rng: Random, clock: Callable[[], float], before: Pool | None) -> Pool:
    survivors = {one.address: one for one in before.endpoints} if before else {}
    endpoints = []
    for one in config.endpoints:
        survivor = survivors.get(str(one.address), Endpoint("", ""))
        endpoints.append(
            Endpoint(
                one.label, str(one.address), one.weight, one.state, survivor.load, survivor.health
            )
        )
    return Pool(
        config.name, config.algorithm, endpoints, rng,
        clock=clock, guards=config.guards(), settings=Settings(bound=config.bound),
        key=hash_key(config.key), before=before,
    )  # fmt: skip


def diff(old: Config, new: Config) -> list[str]:
    """What changed, in an operator's words: `pools.auth.endpoints.auth-1.weight: 1 → 16`."""
    before, after = _flat(old), _flat(new)
    lines = []
    for key in sorted(before.keys() | after.keys()):
        if key not in after:
            lines.append(f"{key}: {before[key]} → (gone)")
        elif key not in before:
            lines.append(f"{key}: (new) → {after[key]}")
        elif before[key] != after[key]:
            lines.append(f"{key}: {before[key]} → {after[key]}")
    return lines


def _flat(config: Config) -> dict[str, str]:
    """Every setting by a path that uses names where there are names, so that order is no change."""
    found: dict[str, str] = {}

    def walk(value: object, path: str) -> None:
        if isinstance(value, BaseModel):
            for key in type(value).model_fields:
                walk(getattr(value, key), f"{path}.{key}" if path else key)
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                name = getattr(inner, "label", None) or getattr(inner, "name", None) or i
                walk(inner, f"{path}.{name}")
        elif value is not None:
            found[path] = str(value)

    walk(config, "")
    return found
