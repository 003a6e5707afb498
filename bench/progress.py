"""What a person sees while a benchmark runs: how far it is, and how long it will take yet."""

import sys
import time
from collections.abc import Callable


class Progress:
    """Steps of known length, and the time left: corrected by how long those behind us took."""

    def __init__(self, steps: int, seconds: float, clock: Callable[[], float] = time.monotonic):
        """So many steps, of so many seconds together if all goes as reckoned."""
        self._steps = steps
        self._expected = seconds
        self._clock = clock
        self._began = clock()
        self._done = 0
        self._behind = 0.0

    def step(self, seconds: float) -> str:
        """A step that was reckoned at so many seconds is done; `[3/72, 4.0 min left]`."""
        self._done += 1
        self._behind += seconds
        return f"[{self._done}/{self._steps}, {self.left() / 60:.1f} min left]"

    def left(self) -> float:
        """Seconds until the end."""
        ahead = max(0.0, self._expected - self._behind)
        if not self._behind:
            return ahead
        return ahead * (self._clock() - self._began) / self._behind


def say(text: str) -> None:
    """Progress, for people; results go to standard output."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
