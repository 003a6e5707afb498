"""Endpoints for tests of the core."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from balancer.core.algorithms import Algorithm
from balancer.core.algorithms.settings import DEFAULTS, Settings
from balancer.core.endpoint import Endpoint

Chosen = TypeVar("Chosen", bound=Algorithm)


def endpoints(*weights: int) -> Sequence[Endpoint]:
    """One endpoint for each weight, named a, b, c …"""
    return tuple(
        Endpoint(chr(ord("a") + i), f"10.0.0.{i + 1}:80", weight)
        for i, weight in enumerate(weights)
    )


def build(
    chosen: type[Chosen],
    pool: Sequence[Endpoint],
    *,
    seed: int = 1,
    clock: Callable[[], float] = float,
    settings: Settings = DEFAULTS,
) -> Chosen:
    """An algorithm over these endpoints, with known dice and a clock that stands at 0."""
    return chosen(pool, Random(seed), clock, settings)
