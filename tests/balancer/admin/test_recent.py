"""What endpoints did over the last ten seconds, and the table that shows it."""

import json
from collections.abc import Iterable

import pytest

from balancer.admin import live
from balancer.admin.recent import SPAN, Counts, Recent
from balancer.core.endpoint import Load
from tests.balancer.configs import GOOD, table


def work(load: Load, count: int, seconds: float = 0.1, code: str = "200") -> None:
    """So many attempts that were answered."""
    load.attempts += count
    for _ in range(count):
        load.finish("ok", code, seconds)


def sample(recent: Recent, loads: Iterable[Load], now: float) -> None:
    """As the admin listener does it once a second."""
    recent.keep({load: Counts.of(load, now) for load in loads})


def test_growth_counts_from_the_oldest_sample_that_is_kept() -> None:
    """One a second for a minute: the last ten seconds' worth is seen."""
    recent, load = Recent(), Load()
    for second in range(60):
        sample(recent, [load], second)
        work(load, second)

    growth = recent.growth(load, 60.0)

    assert growth.at == SPAN
    assert growth.attempts == growth.finished == sum(range(50, 60))


def test_an_endpoint_that_is_new_counts_from_its_first_sample() -> None:
    """And from nothing at all before that."""
    recent, old, new = Recent(), Load(), Load()
    sample(recent, [old], 0.0)
    work(new, 5)
    before = recent.growth(new, 0.5)
    sample(recent, [old, new], 1.0)
    work(new, 3)

    assert (before.at, before.attempts) == (0.0, 0)
    assert (recent.growth(new, 2.0).at, recent.growth(new, 2.0).attempts) == (1.0, 3)


def test_who_failed_and_who_left_are_told_apart() -> None:
    """A 5xx speaks against the endpoint; a client that left, of a wait; a 401 of neither."""
    recent, load = Recent(), Load()
    sample(recent, [load], 0.0)
    work(load, 6)
    work(load, 1, code="401")
    work(load, 1, code="503")
    load.finish("timeout", "504", 2.0)
    load.finish("client_gone", "", 2.0)

    growth = recent.growth(load, 1.0)

    assert (growth.finished, growth.failed, growth.abandoned) == (10, 2, 1)


def test_quantiles_are_interpolated_within_their_bucket() -> None:
    """As `histogram_quantile` does; the highest bucket has no end, so its beginning is told."""
    recent, load = Recent(), Load()
    sample(recent, [load], 0.0)
    assert recent.growth(load, 1.0).quantile(0.5) is None
    work(load, 90, seconds=0.09)  # in 0.075 to 0.1
    work(load, 10, seconds=60.0)
    growth = recent.growth(load, 1.0)

    assert growth.quantile(0.5) == pytest.approx(0.075 + 0.025 * 50 / 90)
    assert growth.quantile(0.99) == 10.0
    assert growth.mean == pytest.approx((90 * 0.09 + 10 * 60) / 100)


def test_the_table_shows_shares_guards_and_warnings() -> None:
    """Ejected by an operator, drained, hot: each where a reader looks for it."""
    running = table(GOOD.replace("weight: 1}", "weight: 16}"))
    first, second, third = running.pools["auth"].endpoints
    recent = Recent()
    sample(recent, [one.load for one in (first, second, third)], 0.0)
    work(first.load, 16)
    work(second.load, 4, code="503")
    running.pools["auth"].eject(second, 30.0)

    document = json.loads("".join(live.pieces(running, recent, 10.0)))

    (pool,) = document["pools"]
    by_name = {one["name"]: one for one in pool["endpoints"]}
    hot, ejected, drained = by_name.values()
    assert (hot["recent"]["share"], hot["recent"]["rate"]) == (0.8, 1.6)
    assert hot["expected_share"] == pytest.approx(16 / 17)
    assert (ejected["ejected"], ejected["recent"]["failing_share"]) == (True, 1.0)
    assert (drained["state"], drained["recent"]["share"]) == ("drain", 0.0)
    assert (pool["ready"], pool["queue"], pool["panic"]) == (1, 0, False)
    assert "weight 16" in document["warnings"][0]
