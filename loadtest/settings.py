"""What can be set about a scenario with `--set NAME=VALUE`: typed, bounded, explained."""

import dataclasses
import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar


class BadSetting(ValueError):
    """A `--set` that cannot be used; the text says what would do."""


def setting(default: Any, meaning: str, least: float | None = None) -> Any:
    """A field of `Settings`: its default (whose type binds), its meaning and least value."""
    return field(default=default, metadata={"meaning": meaning, "least": least})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What every scenario has: traffic, capacity of an instance, lengths of the phases.

    A scenario adds its own by inheriting. Fields that end in `_s` are seconds.
    """

    rate: float = setting(32.0, "logins a second, all clients together", 0.1)
    patience: float = setting(2.0, "seconds after which a client gives up", 0.1)
    hash_seconds: float = setting(0.1, "seconds a login holds its hash slot (emulated)", 0.001)
    instances: int = setting(5, "auth instances behind the balancer", 2)
    sources: int = setting(200, "distinct client addresses", 1)
    users: int = setting(200, "users who log in", 1)
    in_flight_cap: int = setting(400, "logins in flight; more are dropped", 1)
    compress: int = setting(30, "factor by which the alert rules' windows shrink", 1)
    baseline_s: float = setting(8.0, "length of the phase before the fault", 1.0)
    outage_s: float = setting(20.0, "length of the phase with the fault", 1.0)
    verify_s: float = setting(12.0, "length of the same traffic on the mended system", 1.0)
    settle_s: float = setting(5.0, "left out of failing_share; at most half of a phase", 0.0)
    safe: bool = False
    """The safe defaults of authsvc (queue of 9, abandoned work dropped); set by `--safe`."""

    @property
    def hash_queue(self) -> int | str:
        """The bound of an instance's hash queue, as authsvc and the forecast write it."""
        return 9 if self.safe else "unbounded"

    @property
    def abandoned(self) -> str:
        """What an instance does with work that nobody waits for: drop or finish."""
        return "drop" if self.safe else "finish"

    def length(self, phase: str) -> float:
        """The length of a phase in seconds; for one that ends on a condition, its limit."""
        return float(getattr(self, f"{phase}_s"))

    def settle(self, seconds: float) -> float:
        """How much of the beginning of a phase of that length is left out of `failing_share`."""
        return min(self.settle_s, seconds / 2)


S = TypeVar("S", bound=Settings)


def fields_of(kind: type[Settings]) -> list[dataclasses.Field[Any]]:
    """The fields that `--set` knows, in order."""
    return [one for one in dataclasses.fields(kind) if "meaning" in one.metadata]


def parse(kind: type[S], assignments: Iterable[str], safe: bool = False) -> S:
    """Settings of a scenario from `NAME=VALUE` words. Raises BadSetting."""
    known = {one.name: one for one in fields_of(kind)}
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise BadSetting(f"--set {assignment}: write it as NAME=VALUE, such as rate=40")
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise BadSetting(f"--set {name}: no such setting. {hint}There are: {', '.join(known)}")
        values[name] = _value(known[name], text)
    return kind(**values, safe=safe)


def _value(one: dataclasses.Field[Any], text: str) -> Any:
    """The text as a value of the field's type, within its bounds. Raises BadSetting."""
    kind: type = type(one.default)
    least = one.metadata["least"]
    names: dict[type, str] = {int: "a whole number", float: "a number", str: "a word"}
    wanted = f"{one.name} is {names[kind]} ({one.metadata['meaning']})"
    try:
        value = kind(text)
    except ValueError:
        raise BadSetting(f"--set {one.name}={text}: {wanted}") from None
    if least is not None and not least <= value < float("inf"):
        raise BadSetting(f"--set {one.name}={text}: {wanted}, at least {least:g}")
    return value
