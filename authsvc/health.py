"""Whether this instance should get traffic, and what it says about itself.

A full hash queue is *not* unready: taking a busy instance away moves its load onto the others, and
they fall next. It is a 503 for each login that does not fit.
"""

import math
from dataclasses import dataclass
from typing import Any

from authsvc import lab
from authsvc.hashing.admission import Admission
from authsvc.metrics import release
from authsvc.settings import Profile, Settings

CONTENT_TYPE = "application/health+json"  # the shape of draft-inadarei-api-health-check-06
FALL, RISE = 3, 2  # probes in a row; one late answer must not move traffic


@dataclass(slots=True)
class Readiness:
    """The verdict over the database's probes, with hysteresis; the first good one is enough."""

    draining: bool = False
    trouble: str | None = "the database was not reached yet"
    probe_seconds: float = 0.0
    """How long the last probe of the database took."""
    _was_ready: bool = False
    _ready: bool = False
    _against: int = 0  # probes in a row that speak against the present verdict

    @property
    def ready(self) -> bool:
        """Whether `/readyz` says yes."""
        return self._ready and not self.draining

    @property
    def unready(self) -> str | None:
        """Why `/readyz` says no, or None; one bad probe is trouble, and not yet a reason."""
        if self.draining:
            return "draining"
        return None if self._ready else self.trouble or "too few good probes yet"

    @property
    def started(self) -> bool:
        """Whether there was a first connection, to a database with this release's schema."""
        return self._was_ready

    def observe(self, trouble: str | None) -> None:
        """Take one probe into account: None if all was well, else what was not."""
        self.trouble = trouble
        good = trouble is None
        self._against = self._against + 1 if good != self._ready else 0
        needed = FALL if self._ready else RISE if self._was_ready else 1
        if self._against >= needed:
            self._ready, self._against = good, 0
            self._was_ready = self._was_ready or good


def schema_trouble(found: int, needed: int) -> str | None:
    """What is wrong with the database's schema version; a newer one may be run with (expand)."""
    if found < needed:
        return f"the database has migration {found}, this release needs {needed}: run migrate"
    return None


@dataclass(frozen=True, slots=True)
class Load:
    """The hash queue at this moment."""

    waiting: int
    in_progress: int


def details(
    settings: Settings, admission: Admission, readiness: Readiness, load: Load
) -> dict[str, Any]:
    """What the private port tells: never a secret, and always whether this is an emulation."""
    emulated = admission.hold_seconds > 0
    return {
        "status": "pass" if readiness.ready else "fail",
        "output": readiness.unready,
        "name": settings.name,
        "version": release(),
        "releaseId": settings.release or release(),
        "notes": notes(settings),
        "checks": {
            "postgres:responseTime": [
                {
                    "observedValue": round(readiness.probe_seconds * 1000, 1),
                    "observedUnit": "ms",
                    "status": "fail" if readiness.trouble else "pass",
                    "output": readiness.trouble,
                }
            ],
            "hash-queue:waiting": [
                {"observedValue": load.waiting, "observedUnit": "hashes", "status": "pass"}
            ],
        },
        "profile": settings.profile.value,
        "emulation": {"hash_seconds": admission.hold_seconds} if emulated else None,
        "bcrypt_cost": settings.bcrypt_cost,
        "hash_queue": {
            "slots": admission.slots,
            "limit": "unbounded" if admission.limit == math.inf else int(admission.limit),
            "waiting": load.waiting,
            "in_progress": load.in_progress,
            "capacity_per_second": round(admission.capacity_per_second, 2),
            "abandoned": "drop" if admission.drops_abandoned else "finish",
            "deadline_seconds": settings.deadline,
        },
        "lab_switches": {name.value: value for name, value in settings.switches.items()},
        "draining": readiness.draining,
        "trouble": readiness.trouble,
    }


def notes(settings: Settings) -> list[str]:
    """What nobody who looks may overlook."""
    if settings.profile is Profile.PRODUCTION:
        return []
    on = ", ".join(lab.told(name, value) for name, value in settings.switches.items())
    return [f"lab: its figures are no service's ({on or 'no switch is on'})"]
