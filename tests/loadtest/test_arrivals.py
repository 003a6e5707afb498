"""The schedule: a pure function of rate and seed."""

from collections import Counter
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.arrivals import Arrival, arrivals

rates = st.floats(min_value=0.1, max_value=5000.0)
PINNED_OFFSETS = [0.029155, 0.127669, 0.135617]
PINNED_CHOICES = [(31, 93), (180, 150), (98, 129)]
seeds = st.integers() | st.text(max_size=20)


def first(count: int, rate: float, seed: int | str, users: int = 200) -> list[Arrival]:
    return list(islice(arrivals(rate, seed, users=users), count))


@given(rates, seeds)
def test_the_same_seed_gives_the_same_schedule(rate: float, seed: int | str) -> None:
    """Two runs, or two phases of a run, fire exactly the same traffic."""
    assert first(50, rate, seed) == first(50, rate, seed)


@given(rates, seeds, st.integers(1, 1000), st.integers(1, 1000))
def test_arrivals_are_ordered_and_within_bounds(
    rate: float, seed: int | str, users: int, sources: int
) -> None:
    """Offsets increase from above 0, numbers count from 0, users and sources exist."""
    schedule = list(islice(arrivals(rate, seed, users, sources), 60))
    assert [arrival.n for arrival in schedule] == list(range(60))
    assert schedule[0].offset > 0
    assert all(a.offset <= b.offset for a, b in pairwise(schedule))
    assert all(0 <= a.user < users and 0 <= a.source < sources for a in schedule)


@given(rates, seeds)
def test_a_doubled_rate_is_the_same_schedule_in_half_the_time(rate: float, seed: int | str) -> None:
    """The rate scales time and nothing else."""
    for slow, fast in zip(first(40, rate, seed), first(40, 2 * rate, seed), strict=True):
        assert fast.offset == pytest.approx(slow.offset / 2)
        assert (fast.user, fast.source) == (slow.user, slow.source)


@given(seeds, st.integers(1, 500))
def test_the_number_of_users_does_not_move_arrivals_in_time(seed: int | str, users: int) -> None:
    """Times and choices have a die each."""
    one, many = first(30, 10.0, seed, users=1), first(30, 10.0, seed, users=users)
    assert [a.offset for a in one] == [a.offset for a in many]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_gaps_are_exponential(seed: int) -> None:
    """A Poisson process: the gaps' mean is 1/rate, and so is their standard deviation."""
    offsets = [arrival.offset for arrival in first(20_000, 32.0, seed)]
    gaps = [b - a for a, b in pairwise(offsets)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert mean == pytest.approx(1 / 32, rel=0.03)
    assert deviation == pytest.approx(1 / 32, rel=0.05)


def test_all_users_and_sources_take_part() -> None:
    """Choices are spread evenly: in 20 000 arrivals, each of 200 sources sends 100, within 50."""
    schedule = first(20_000, 32.0, 1)
    for picks in ([a.user for a in schedule], [a.source for a in schedule]):
        counts = Counter(picks)
        assert len(counts) == 200
        assert min(counts.values()) > 50
        assert max(counts.values()) < 150


@pytest.mark.parametrize(("rate", "users"), [(0.0, 1), (-1.0, 1), (float("nan"), 1), (1.0, 0)])
def test_what_cannot_be_scheduled_is_refused(rate: float, users: int) -> None:
    """A rate that is no rate, or nobody to log in, raises at the first arrival."""
    with pytest.raises(ValueError, match="must be positive"):
        next(arrivals(rate, 1, users=users))


def test_the_schedule_of_a_seed_never_changes() -> None:
    """Reports name a seed; the same seed must mean the same traffic in every later version."""
    schedule = first(3, 32.0, 1)
    assert [round(a.offset, 6) for a in schedule] == PINNED_OFFSETS
    assert [(a.user, a.source) for a in schedule] == PINNED_CHOICES
