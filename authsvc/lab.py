"""Faults that a lab instance can be given on purpose: a bad release, a cold one, a slow one.

DECISIONS: no clock, no loop, no dice of their own; both are arguments. `hashing.faulty` lets them
happen, `settings` refuses every one of them in production.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

COLDEST = 10.0  # how many times longer the first hash of a cold instance takes


class Fault(StrEnum):
    """What can be wrong with an instance; each is off unless `--fault` names it."""

    ERRORS = "errors"
    FAIL_FAST = "fail-fast"
    SLOW = "slow"
    WARM_UP = "warm-up"
    UNREADY_WHEN_QUEUED = "unready-when-queued"


@dataclass(frozen=True, slots=True)
class _Rule:
    """The values that a fault takes."""

    accepts: Callable[[float], bool]
    value: str  # as the help shows it; empty for a fault that takes none
    means: str


RULES: Mapping[Fault, _Rule] = {
    Fault.ERRORS: _Rule(
        lambda x: 0 < x <= 1, "SHARE", "that share of logins is hashed, then answered 500"
    ),
    Fault.FAIL_FAST: _Rule(lambda x: x == 1, "", "every login is answered 500, without a hash"),
    Fault.SLOW: _Rule(lambda x: 1 <= x <= 100, "FACTOR", "each hash takes that much longer"),
    Fault.WARM_UP: _Rule(
        lambda x: 0 < x <= 3600,
        "SECONDS",
        f"the first hash takes {COLDEST:g} times as long, those after so many seconds their time",
    ),
    Fault.UNREADY_WHEN_QUEUED: _Rule(
        lambda x: x >= 1 and x == int(x), "N", "/readyz says no while N hashes wait"
    ),
}


@dataclass(frozen=True, slots=True)
class Faults:
    """Those that one instance has, with their values; `Faults()` is a sound one."""

    errors: float = 0.0
    fail_fast: bool = False
    slow: float = 1.0
    warm_up: float = 0.0
    unready_when_queued: float = math.inf

    @classmethod
    def of(cls, given: Iterable[tuple[Fault, float]]) -> Self:
        """From what `--fault` gave. Raises ValueError if a fault is given twice."""
        found: dict[Fault, float] = {}
        for fault, value in given:
            if fault in found:
                raise ValueError(f"--fault {fault} is given twice; keep one")
            found[fault] = value
        return cls(
            errors=found.get(Fault.ERRORS, 0.0),
            fail_fast=Fault.FAIL_FAST in found,
            slow=found.get(Fault.SLOW, 1.0),
            warm_up=found.get(Fault.WARM_UP, 0.0),
            unready_when_queued=found.get(Fault.UNREADY_WHEN_QUEUED, math.inf),
        )

    @property
    def active(self) -> dict[Fault, float]:
        """The faults that are on, by value; 1 for one that takes none."""
        on = {
            Fault.ERRORS: (self.errors > 0, self.errors),
            Fault.FAIL_FAST: (self.fail_fast, 1.0),
            Fault.SLOW: (self.slow != 1, self.slow),
            Fault.WARM_UP: (self.warm_up > 0, self.warm_up),
            Fault.UNREADY_WHEN_QUEUED: (
                self.unready_when_queued < math.inf,
                self.unready_when_queued,
            ),
        }
        return {fault: value for fault, (is_on, value) in on.items() if is_on}

    def breaks(self, dice: Callable[[], float]) -> bool:
        """Whether this login is one that goes wrong; `dice` gives numbers in [0, 1)."""
        return self.errors > 0 and dice() < self.errors

    def coldness(self, age: float) -> float:
        """How many times longer than warm a hash takes, `age` seconds after the start."""
        if age >= self.warm_up:
            return 1.0
        return COLDEST - (COLDEST - 1) * max(0.0, age) / self.warm_up

    def unready(self, waiting: int) -> str | None:
        """Why the instance says that it is not ready, or None."""
        if waiting < self.unready_when_queued:
            return None
        return f"{waiting} hashes wait (--fault unready-when-queued={self.unready_when_queued:g})"


def parse(text: str) -> tuple[Fault, float]:
    """`slow=3` or `fail-fast`. Raises ValueError that says what would do."""
    name, equals, value = text.partition("=")
    try:
        fault = Fault(name)
    except ValueError:
        raise ValueError(f"'{name}' is no fault; there are {', '.join(Fault)}") from None
    rule = RULES[fault]
    shown = f"{fault}={rule.value}" if rule.value else str(fault)
    try:
        number = float(value) if rule.value else 1.0
    except ValueError:
        number = math.nan
    if bool(equals) != bool(rule.value) or not rule.accepts(number):
        raise ValueError(f"'{text}' will not do; {shown}: {rule.means}")
    return fault, number


def told(name: str, value: float) -> str:
    """A switch as people read it: `slow=3`, and `fail-fast` alone."""
    return name if value == 1 else f"{name}={value:g}"
