"""The time left."""

from bench.progress import Progress


def test_the_time_left_follows_how_long_the_steps_took() -> None:
    """Reckoned at first; then by the pace so far."""
    times = iter([0.0, 12.0, 36.0])
    progress = Progress(4, 120.0, clock=lambda: next(times))

    assert progress.left() == 120.0
    assert progress.step(12.0) == "[1/4, 1.8 min left]"
    assert progress.step(12.0) == "[2/4, 2.4 min left]", "36 s for what was reckoned at 24"
