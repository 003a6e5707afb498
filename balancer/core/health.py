"""Health is a streak: so many probes in a row turn an endpoint up or down."""


class Health:
    """Whether an endpoint is up, from the probes seen so far.

    Starts up, as HAProxy's servers do: a balancer that starts with everything down would
    refuse traffic until its first probes, and a dead endpoint is found within `fall` probes anyway.
    """

    __slots__ = ("streak", "up")

    def __init__(self) -> None:
        self.up = True
        self.streak = 0
        """Probes in a row that spoke against the present state."""

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
        return f"<Health {'up' if self.up else 'down'} against={self.streak}>"
