"""Records for tests: short to write, valid as they are."""

from bench.faults.counting import Asked, Executed, Method, Tally, count


def asked(identity: str, method: Method = "POST", outcome: str = "ok", ms: float = 50) -> Asked:
    """A request that was due at second 10 and took so many milliseconds."""
    return Asked(identity, method, 10.0, 10.001, 10.0 + ms / 1000, outcome)


def executed(
    identity: str, method: Method = "POST", instance: str = "auth-1", *, finished: bool = True
) -> Executed:
    """What an instance did."""
    return Executed(identity, method, instance, finished)


def tally(*lost: tuple[Method, str]) -> Tally:
    """The figures of a run in which one request went well and these were lost after a kill."""
    requests = [asked(f"r{n}", method, why) for n, (method, why) in enumerate(lost)]
    return count([*requests, asked("fine")], [executed("fine")], kills=[1.0])
