"""What will come, and what each endpoint can serve: the other half of a forecast's input."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from balancer.fields import Seconds, seconds
from balancer.schema import Strict, validate
from balancer.source import read, read_file


def queue_bound(value: object) -> int | None:
    """A queue's bound: a whole number, or None for `unbounded`; raises ValueError."""
    if value == "unbounded" or value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError(f"'{value}' is no queue bound; write a whole number, or unbounded")


class Capacity(Strict):
    """What one endpoint can do, and what it does with what it cannot."""

    slots: Annotated[int, Field(ge=1, le=1024)] = 1
    hash_seconds: Seconds = 0.1
    """How long a login holds a slot."""
    queue: Annotated[int | None, BeforeValidator(queue_bound)] = None
    """Logins that may wait; one more is answered 503 at once."""
    abandoned: Literal["finish", "drop"] = "finish"
    """Whether work whose client has left, or soon will, is still done."""

    @property
    def per_second(self) -> float:
        """Logins a second at most."""
        return self.slots / self.hash_seconds


class Traffic(Strict):
    """Open arrivals: clients come at their rate, however the service fares."""

    rate: Annotated[float, Field(gt=0, le=1_000_000)]
    """Logins a second."""
    duration: Seconds = 20.0
    settle: Annotated[float, BeforeValidator(lambda value: seconds(value) if value else 0.0)] = 5.0
    """Left out of the failing share, from the beginning."""
    patience: Seconds = 2.0
    """A client waits so long, then leaves; its login has failed."""
    arrivals: Literal["poisson", "constant"] = "poisson"
    sources: Annotated[int, Field(ge=1, le=50_000)] = 200
    """Distinct client addresses."""
    path: Annotated[str, Field(pattern="^/")] = "/v1/sessions"
    capacity: Capacity = Capacity()

    @model_validator(mode="after")
    def _leaves_something(self) -> "Traffic":
        if self.settle >= self.duration:
            raise ValueError("settle must be shorter than duration, or nothing is left to judge")
        return self

    @model_validator(mode="before")
    @classmethod
    def _whole_rates(cls, value: object) -> object:
        """Strict models take no int for a float; a rate of `32` is meant as 32.0."""
        if isinstance(value, dict) and isinstance(value.get("rate"), int):
            return {**value, "rate": float(value["rate"])}
        return value


def load(path: Path) -> Traffic:
    """The traffic in a YAML file; raises `ConfigError`."""
    return validate(read(read_file(path), str(path)), Traffic)


def source_address(index: int) -> bytes:
    """The packed address of client `index`, as the load generator binds it: 127.10.`index`.1.

    Each in a /24 of its own, since source hashes look no further than that.
    """
    return bytes([127, 10 + index // 250, index % 250, 1])
