"""What is known of an endpoint's health: what probes say, and what its answers say.

Lives on through reloads, as `Load` does. Times are seconds on the pool's clock.
"""


class Health:
    """Whether an endpoint is up, from the probes seen so far, and whether it is ejected.

    Starts up, as HAProxy's servers do: a balancer that starts with everything down would
    refuse traffic until its first probes, and a dead endpoint is found within `fall` probes anyway.
    """

    __slots__ = (
        "ejected_until", "ejections", "failed", "failures", "passed", "since", "streak", "up",
    )  # fmt: skip

    def __init__(self) -> None:
        self.up = True
        self.streak = 0
        """Probes in a row that spoke against the present state."""
        self.ejected_until = 0.0
        """When its ejection ends; 0 if it is not ejected."""
        self.ejections = 0
        """Ejections that still make the next one longer; one is forgiven in each calm interval."""
        self.failures = 0
        """Failed attempts in a row."""
        self.passed = 0
        self.failed = 0
        """Attempts since the last comparison with the pool, by how they went."""
        self.since: float | None = None
        """When it came back, or was added; None if it was there from the start."""

    def observe(self, passed: bool, *, rise: int, fall: int) -> bool:
        """Take one probe's result in; True if the endpoint turned up or down by it."""
        if passed == self.up:
            self.streak = 0
            return False
        self.streak += 1
        if self.streak < (rise if passed else fall):
            return False
        self.up = passed
        self.streak = 0
        return True

    def __repr__(self) -> str:
        ejected = " ejected" if self.ejected_until else ""
        return f"<Health {'up' if self.up else 'down'}{ejected} against={self.streak}>"
