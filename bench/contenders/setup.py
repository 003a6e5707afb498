"""What a contender is told, and how it is started."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.peers import Program

KEPT = 300
"""Seconds for which idle connections are kept: longer than any measurement."""


@dataclass(frozen=True)
class Setup:
    """What a contender is to do: where to listen and pass on to, and where its files go."""

    listen: int
    admin: int
    endpoints: list[int]
    directory: Path
    buffering: bool = True
    """Whether nginx may read an answer ahead of its client, as it does unless told not to."""


@dataclass(frozen=True)
class Command:
    """How a contender is started."""

    argv: list[str]
    environment: dict[str, str] = field(default_factory=dict)


Starter = Callable[[Setup, Program], Command]
