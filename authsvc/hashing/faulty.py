"""A hash queue with the lab's faults; a sound instance has none of this in its way."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from authsvc.hashing.admission import Admission
from authsvc.hashing.queue import Clock, HashQueue, Patience
from authsvc.lab import Faults
from authsvc.metrics import HashMetrics, HashOp

T = TypeVar("T")


class InjectedError(Exception):
    """A login that a fault broke; answered as anything that nobody foresaw, with 500."""


@dataclass(frozen=True, slots=True)
class Chance:
    """Where faults take their time and their luck from."""

    clock: Clock
    dice: Callable[[], float]


class FaultyQueue(HashQueue):
    """Fails, or takes longer, as it was told. Registrations are slow too, but never broken."""

    def __init__(
        self, admission: Admission, metrics: HashMetrics, faults: Faults, chance: Chance
    ) -> None:
        self._faults = faults
        self._chance = chance
        self._began = chance.clock()
        super().__init__(admission, metrics, chance.clock)

    @property
    def admission(self) -> Admission:
        """The rules as they are at this moment: a cold instance holds its slots for longer."""
        cold = self._faults.coldness(self._chance.clock() - self._began)
        if cold == 1:
            return self._warm
        return replace(self._warm, hold_seconds=self._warm.service_seconds * cold)

    @admission.setter
    def admission(self, warm: Admission) -> None:
        self._warm = warm

    async def run(self, op: HashOp, work: Callable[[], T], patience: Patience) -> T:
        """As `HashQueue.run`. Raises InjectedError for a login that is to fail."""
        login = op is not HashOp.CREATE
        if login and self._faults.fail_fast:
            raise InjectedError("fail-fast")
        result = await super().run(op, work, patience)
        if login and self._faults.breaks(self._chance.dice):
            raise InjectedError("errors")
        return result
