"""Which picks are compared with those of the real nginx and Envoy, and what ours are."""

import json
import socket
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from balancer.core.algorithms import ALGORITHMS
from balancer.core.algorithms.settings import DEFAULTS
from balancer.core.endpoint import Endpoint

KEYS = 1000
"""For each case of an algorithm that hashes."""

ORDERS = [
    [1, 1], [1, 1, 1, 1, 1], [1, 2], [5, 1, 1], [1, 1, 5], [1, 2, 3, 4, 5], [5, 4, 3, 2, 1],
    [7, 7, 7], [4, 2], [10, 1], [16, 1, 1, 1, 1], [64, 1, 1, 1, 1], [3, 3, 1, 1],
    [2, 3, 5, 7, 11, 13], [1, 10, 100], [6, 4, 2, 8], [9, 1, 8, 2, 7, 3, 6, 4], [100, 99, 98],
]  # fmt: skip
"""Weights for smooth weighted round robin: equal, reducible, prime, ascending, one hot …"""

HASHED = [[1] * 5, [1] * 8, [16, 1, 1, 1, 1], [5, 1, 3, 2], [9, 1, 8, 2, 7, 3, 6, 4]]
BEYOND = [[3000, 2000, 1000], [5000, 5000, 5000]]
"""Weights that nginx's ip_hash cannot reach the end of."""
DIVIDING = [[3, 1, 7, 49, 21], [7, 3, 1, 1, 1, 1]]
"""Weights with which the turns of Maglev hang on the last bit of a float."""

SETS = {
    "round_robin": ORDERS,
    "source_hash": HASHED + BEYOND,
    "ring_hash": HASHED,
    "maglev": HASHED + DIVIDING,
}
DECIDES = {
    "nginx": ("round_robin", "source_hash", "ring_hash"),
    "envoy": ("maglev",),
}
"""Whose rule it is."""

MOST_ENDPOINTS = max(len(weights) for sets in SETS.values() for weights in sets)


@dataclass(frozen=True)
class Case:
    """One pool, its keys, and who was picked for each by the program that made the rule."""

    algorithm: str
    weights: list[int]
    addresses: list[str]
    picks: str = ""
    """One digit for each pick: the endpoint's index."""

    @property
    def keys(self) -> list[bytes]:
        """What is hashed, pick by pick; the same on every machine."""
        if self.algorithm == "round_robin":
            return [b""] * max(2 * sum(self.weights), 60)
        if self.algorithm == "source_hash":
            dice = Random(20)  # noqa: S311 addresses for a comparison, no secrets
            return [dice.randbytes(16 if i % 5 == 0 else 4) for i in range(KEYS)]
        return [f"user{i:04}".encode() for i in range(KEYS)]

    @property
    def differences(self) -> int:
        """Picks in which ours are others than the record's."""
        return sum(one != other for one, other in zip(ours(self), self.picks, strict=True))


def cases(program: str, ports: Sequence[int]) -> list[Case]:
    """All cases that a program decides, over endpoints at these ports of loopback."""
    return [
        Case(algorithm, weights, [f"127.0.0.1:{port}" for port in ports[: len(weights)]])
        for algorithm in DECIDES[program]
        for weights in SETS[algorithm]
    ]


def ours(case: Case) -> str:
    """What our algorithm picks."""
    pool = [
        Endpoint(str(i), address, weight)
        for i, (address, weight) in enumerate(zip(case.addresses, case.weights, strict=True))
    ]
    dice = Random(1)  # noqa: S311 of algorithms that have no use for it
    picker = ALGORITHMS[case.algorithm](pool, dice, float, DEFAULTS)
    return "".join(picker.pick(key).name for key in case.keys)


def as_address(key: bytes) -> str:
    """A packed address as people write it."""
    return socket.inet_ntop(socket.AF_INET if len(key) == 4 else socket.AF_INET6, key)


def record(path: Path, version: str, found: Iterable[Case]) -> None:
    """Keep what a program picked, a line for each case."""
    lines = ",\n".join(json.dumps(asdict(case)) for case in found)
    path.write_text(f'{{"version": "{version}", "cases": [\n{lines}\n]}}\n')


def recorded(path: Path) -> tuple[str, list[Case]]:
    """The program's version, and the cases of a record."""
    told = json.loads(path.read_text())
    return told["version"], [Case(**one) for one in told["cases"]]
