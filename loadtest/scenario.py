"""A scenario: a known misconfiguration with its traffic, its symptoms and its cure, as data.

An outage is one file in `loadtest/scenarios/` that defines SCENARIO. The runner
(`loadtest.reproduce`) knows nothing about any particular outage.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

from loadtest.settings import Settings

Config = dict[str, Any]
Change = Callable[[Config, Any], Config]
"""From the configuration that runs to the one that shall run, given the scenario's settings."""

BASELINE, OUTAGE, VERIFY = "baseline", "outage", "verify"
SOUND = 0.01
"""A failing share below this is healthy."""
TOLERANCE = 0.05
"""How far a failing share may lie from what was expected of it."""


@dataclass(frozen=True)
class Band:
    """A range of failing shares, both ends included."""

    low: float
    high: float

    def __contains__(self, share: float) -> bool:
        return self.low <= share <= self.high

    def __str__(self) -> str:
        if self.low <= 0:
            return f"at most {self.high:.1%}"
        return f"{self.low:.1%} to {self.high:.1%}"

    @staticmethod
    def around(share: float) -> "Band":
        """TOLERANCE on both sides."""
        return Band(max(0.0, share - TOLERANCE), min(1.0, share + TOLERANCE))


@dataclass(frozen=True)
class Phase:
    """One stretch of the same traffic, on one configuration.

    `change` is applied before the phase begins, `deed` says in a few words what it does. The
    length is the setting `NAME_s`; with `until_idle`, the phase ends as soon as the hash queue of
    the endpoint so named is empty, and the setting is the limit. `cure` marks what `--skip-cure`
    leaves out. `failing` gives the failing share expected of it, None if that is not judged.
    """

    name: str
    deed: str
    change: Change | None = None
    until_idle: Callable[[Any], str] | None = None
    cure: bool = False
    failing: Callable[[Any], Band] | None = None


@dataclass(frozen=True)
class Scenario:
    """One outage. Phases begin with `baseline` and `outage`, and end with `verify`.

    `story` may name settings in braces; `tell` fills them in.
    `alerts` names those that must be silent in the baseline, fire during the outage and resolve
    after the cure. The failing share of the outage is judged against the forecast.
    """

    name: str
    title: str
    story: str
    settings: type[Settings]
    phases: tuple[Phase, ...]
    alerts: tuple[str, ...]

    def __post_init__(self) -> None:
        names = [phase.name for phase in self.phases]
        if names[:2] != [BASELINE, OUTAGE] or names[-1] != VERIFY:
            raise ValueError(f"{self.name}: phases are baseline, outage, …, verify, not {names}")

    def tell(self, settings: Settings) -> str:
        """The story with those settings."""
        return self.story.format(**asdict(settings))

    @property
    def fault(self) -> Change:
        """The change that breaks the configuration. Raises ValueError for a scenario without."""
        change = self.phases[1].change
        if change is None:
            raise ValueError(f"{self.name}: the outage changes nothing")
        return change

    def without_cure(self) -> tuple[Phase, ...]:
        """The phases when nobody cures anything: the traffic of `verify` meets the fault."""
        left = [phase for phase in self.phases if not phase.cure]
        final = Phase(VERIFY, "nothing was cured", failing=left[-1].failing)
        return (*left[:-1], final)


def edit_endpoint(config: Config, name: str, **values: object) -> Config:
    """A copy of the configuration in which the endpoint `name` has these values; None removes one.

    Raises ValueError when no pool has such an endpoint; the message lists those there are.
    """
    edited = deepcopy(config)
    endpoints = [one for pool in edited["pools"] for one in pool["endpoints"]]
    for endpoint in endpoints:
        if endpoint.get("name", endpoint["address"]) == name:
            endpoint.update(values)
            for key in [key for key, value in values.items() if value is None]:
                del endpoint[key]
            return edited
    names = ", ".join(one.get("name", one["address"]) for one in endpoints)
    raise ValueError(f"no endpoint '{name}' in the configuration; there are: {names}")


def sound(_: Settings) -> Band:
    """Expected of a healthy phase: less than SOUND failing."""
    return Band(0.0, SOUND)
