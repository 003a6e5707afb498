"""Endpoints for tests of the core."""

from collections.abc import Sequence

from balancer.core.endpoint import Endpoint


def endpoints(*weights: int) -> Sequence[Endpoint]:
    """One endpoint for each weight, named a, b, c …"""
    return tuple(
        Endpoint(chr(ord("a") + i), f"10.0.0.{i + 1}:80", weight)
        for i, weight in enumerate(weights)
    )
