"""From the monitor's transitions to when an alert fired and when it was over."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import aiohttp

from loadtest.measurement import AlertResult

ALWAYS_FIRING = "Watchdog"
PATIENCE = aiohttp.ClientTimeout(total=5.0)

Transition = Mapping[str, Any]


class Alerts:
    """The monitor at `url`. `clock_offset` turns its wall-clock times into monotonic ones."""

    def __init__(self, session: aiohttp.ClientSession, url: str, clock_offset: float) -> None:
        self._session = session
        self._url = url
        self._offset = clock_offset
        self.transitions: list[Transition] = []

    async def poll(self) -> None:
        """Fetch all transitions so far. Raises aiohttp.ClientError."""
        async with self._session.get(
            f"{self._url}/transitions", timeout=PATIENCE, raise_for_status=True
        ) as answer:
            said = (await answer.json())["transitions"]
        self.transitions = [
            {**one, "at": one["at"] + self._offset} for one in said if one["alert"] != ALWAYS_FIRING
        ]

    @property
    def firing(self) -> list[str]:
        """The names of the alerts that fire now, as of the last poll."""
        return sorted(name for name, instances in _by_name(self.transitions) if _last(instances))


def alert_results(
    transitions: Iterable[Transition], phases: Sequence[tuple[str, float, float]]
) -> list[AlertResult]:
    """Every alert that fired, first one first.

    `phases` gives name, begin and end, in order, with the outage second. An alert that has several
    label sets fires as long as any of them does. Times before the first phase are in no phase and
    named "before".
    """
    outage, cure = phases[1][1], phases[2][1]
    results = []
    for name, instances in _by_name(transitions):
        intervals = _intervals(instances)
        if not intervals:
            continue
        fired, resolved = intervals[0][0], intervals[-1][1]
        after = None if resolved is None else resolved - cure
        phase = _phase_of(fired, phases)
        results.append(AlertResult(name, fired, resolved, fired - outage, after, phase))
    return sorted(results, key=lambda result: result.fired_at)


def _phase_of(moment: float, phases: Sequence[tuple[str, float, float]]) -> str:
    """The phase in which a moment lies; the pause after a phase belongs to it."""
    found = "before"
    for name, began, _ in phases:
        if moment >= began:
            found = name
    return found


def _by_name(transitions: Iterable[Transition]) -> list[tuple[str, list[Transition]]]:
    ordered = sorted(transitions, key=lambda one: one["at"])
    names = dict.fromkeys(one["alert"] for one in ordered)
    return [(name, [one for one in ordered if one["alert"] == name]) for name in names]


def _intervals(transitions: Iterable[Transition]) -> list[tuple[float, float | None]]:
    """When one alert was firing: begin and end, None for an end that never came."""
    firing: set[str] = set()
    intervals: list[tuple[float, float | None]] = []
    for one in transitions:
        before = bool(firing)
        key = repr(sorted(one["labels"].items()))
        if one["to"] == "firing":
            firing.add(key)
        else:
            firing.discard(key)
        if firing and not before:
            intervals.append((one["at"], None))
        elif before and not firing:
            intervals[-1] = (intervals[-1][0], one["at"])
    return intervals


def _last(transitions: Iterable[Transition]) -> bool:
    intervals = _intervals(transitions)
    return bool(intervals) and intervals[-1][1] is None
