"""The monitor's one clock."""

import time
from datetime import UTC, datetime


class SteadyClock:
    """Wall-clock milliseconds that never jump.

    Read from the wall once, then carried on by the monotonic clock: when somebody sets the
    machine's time during an incident, no window tears and no alert's `for` starts again.
    """

    def __init__(self) -> None:
        """Take the wall's time as it is now."""
        self._offset_ms = round(datetime.now(UTC).timestamp() * 1000 - time.monotonic() * 1000)

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return self._offset_ms + round(time.monotonic() * 1000)
