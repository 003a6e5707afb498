"""What a person sees while a scenario runs: a block repainted in place, or plain lines."""

import shutil
import time
from collections.abc import Mapping, Sequence
from typing import TextIO

from loadtest.phases import Journal
from loadtest.run import Plan, Watcher
from loadtest.scenario import Phase
from loadtest.timeline import recent_shares, recent_success

BAR = 30
PLAIN_EVERY = 5
"""Ticks between two plain lines: a log needs fewer than a screen."""


class Display(Watcher):
    """Shows a run on `stream`: repainted every second on a terminal, otherwise as plain lines."""

    def __init__(self, plan: Plan, stream: TextIO) -> None:
        self._plan = plan
        self._stream = stream
        self._painted = 0
        self._ticks = 0

    def says(self, line: str) -> None:
        """A line of its own, above whatever is repainted later."""
        self._painted = 0
        self._write(f"  {line}\n")

    def phase(self, phase: Phase) -> None:
        """A phase begins: the block of the one before stays as it was last."""
        settings = self._plan.settings
        limit = "at most " if phase.until_idle else ""
        length = f"{limit}{settings.length(phase.name):g} s"
        self.says(f"── {phase.name} ({length}): {phase.deed}")
        self._ticks = 0

    def tick(self, journal: Journal, firing: Sequence[str]) -> None:
        """Once a second."""
        if journal.now is None:
            return
        elapsed = time.monotonic() - journal.began
        if not self._stream.isatty():
            if self._ticks % PLAIN_EVERY == 0:
                self._write(f"     {plain(self._plan, journal, firing, elapsed)}\n")
            self._ticks += 1
            return
        width = shutil.get_terminal_size().columns - 1
        lines = [line[:width] for line in block(self._plan, journal, firing, elapsed)]
        up = f"\x1b[{self._painted}F" if self._painted else ""
        self._write(up + "".join(f"\x1b[2K{line}\n" for line in lines))
        self._painted = len(lines)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def plain(plan: Plan, journal: Journal, firing: Sequence[str], elapsed: float) -> str:
    """The state in one line."""
    shares = recent_shares(journal.samples)
    spread = " / ".join(f"{share * 100:.0f}" for share in shares.values())
    success = _percent(recent_success(journal.exchanges, journal.began + elapsed))
    alerts = f", firing: {', '.join(firing)}" if firing else ""
    return f"{_clock(plan, journal, elapsed)}  success {success}  attempts {spread} %{alerts}"


def block(plan: Plan, journal: Journal, firing: Sequence[str], elapsed: float) -> list[str]:
    """The state as lines of a block: time, success, a bar for each instance, alerts."""
    success = recent_success(journal.exchanges, journal.began + elapsed)
    depths: Mapping[str, int] = journal.samples[-1].queue_depth if journal.samples else {}
    lines = [
        f"     {_clock(plan, journal, elapsed):<12}",
        f"     {'success':<12}{_percent(success)}  {bar(success or 0.0)}",
    ]
    for name, share in recent_shares(journal.samples).items():
        waiting = depths.get(name, 0)
        queue = f"  {waiting} waiting" if waiting else ""
        lines.append(f"     {name:<12}{_percent(share)}  {bar(share)}{queue}")
    lines.append(f"     {'alerts':<12}{', '.join(firing) or 'none'}")
    return lines


def bar(share: float) -> str:
    """A share as a bar of BAR cells."""
    full = round(max(0.0, min(1.0, share)) * BAR)
    return "█" * full + "·" * (BAR - full)


def _clock(plan: Plan, journal: Journal, elapsed: float) -> str:
    assert journal.now is not None  # noqa: S101 - the display is drawn during phases only
    return f"{elapsed:.0f}/{plan.settings.length(journal.now.name):g} s"


def _percent(share: float | None) -> str:
    return "  –  " if share is None else f"{share * 100:3.0f} %"
