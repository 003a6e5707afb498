"""Rows for tests, unlike only in what a test says."""

from bench.balancing.tally import Row


def row(
    contender: str, *, condition: str = "slow", p50: float = 30.0, p99: float = 60.0,
    failing: float = 0.0, ours: bool = True, judged: bool = True, lag: float = 1.0,
) -> Row:  # fmt: skip
    """What one contender did."""
    return Row(
        condition=condition, contender=contender, ours=ours, judged=judged, logins=2000,
        p50=p50, p99=p99, failing=failing, share=0.2, lag=lag,
    )  # fmt: skip
