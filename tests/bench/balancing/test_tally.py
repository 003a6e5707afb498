"""Counting: what is a failure, what it costs in the quantiles, and who is as good as whom."""

import pytest

from bench.balancing.load import Fate, Load
from bench.balancing.tally import figures, met_by_each, quantile, verdicts
from tests.bench.balancing.rows import row

LOAD = Load(settle=1.0, patience=2.0)


def fate(seconds: float = 0.03, status: int = 201, due: float = 5.0) -> Fate:
    """A login that went well unless said otherwise."""
    return Fate(due, 0.001, seconds, status)


def test_a_fast_failure_is_no_short_latency() -> None:
    """Half answered 500 within a millisecond: the upper half waits as long as its patience."""
    found = figures([fate()] * 50 + [fate(0.001, 500)] * 50, LOAD)

    assert found.failing == 0.5
    assert found.p50 == pytest.approx(30)
    assert found.p99 == 2000


@pytest.mark.parametrize("bad", [fate(2.5), fate(2.0, 0), fate(0.02, 503), fate(0.02, 302)])
def test_no_2xx_in_time_is_a_failure(bad: Fate) -> None:
    """Late, without an answer, or with another status."""
    assert figures([fate(), bad], LOAD).failing == 0.5


def test_what_was_due_while_the_pool_settled_does_not_count() -> None:
    """A proxy may learn first what a dead endpoint is."""
    found = figures([fate(status=502, due=0.5), fate()], LOAD)

    assert (found.logins, found.failing) == (1, 0)
    with pytest.raises(ValueError, match="too short"):
        figures([fate(due=0.5)], LOAD)


def test_a_quantile_is_a_value_that_occurred() -> None:
    """Nearest rank: of a hundred the 99th, of one that one."""
    hundred = [float(n) for n in range(1, 101)]

    assert (quantile(hundred, 0.5), quantile(hundred, 0.99)) == (50, 99)
    assert quantile([4.0], 0.99) == 4


def test_each_column_compares_the_best_of_both_sides() -> None:
    """Equal is enough; who may log in twice sets no aim."""
    rows = [
        row("p2c", p50=31, p99=50), row("first", p50=30, p99=70, failing=0.01),
        row("nginx", ours=False, p50=30, p99=49),
        row("nginx (non_idempotent)", ours=False, judged=False, p50=10, p99=10),
    ]  # fmt: skip

    found = {one.column.name: one for one in verdicts(rows)}

    assert (found["p50"].ours.contender, found["p50"].met) == ("first", True)
    assert (found["p99"].theirs.contender, found["p99"].met) == ("nginx", False)
    assert (found["failing"].ours.contender, found["failing"].met) == ("p2c", True)
    assert met_by_each(rows) == [("p2c", 1), ("first", 1)]


def test_without_both_sides_nothing_is_judged() -> None:
    """As when no peer is installed."""
    assert verdicts([row("p2c")]) == []
    assert met_by_each([row("p2c")]) == []
