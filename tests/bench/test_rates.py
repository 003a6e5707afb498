"""The arrival rates at which latencies are measured."""

import pytest

from bench.children import CannotRun
from bench.k6 import Latency
from bench.measure import Sample
from bench.rates import choose, half_of_peaks, most_bearable


def sample(name: str, peak: int, number: int = 1) -> Sample:
    """One second of load."""
    return Sample(name, number, peak, 1.0, 0, 0.1, 0.1)


def test_each_is_driven_at_half_of_its_peak_or_as_far_as_k6_goes() -> None:
    """All at the slowest's half besides; without a proxy at every rate that is subtracted from."""
    found = choose([sample("a", 9000), sample("b", 2050), sample("direct", 30_000)], most=3000)

    assert found.common == 1020
    assert found.own == {"a": 3000, "b": 1020}
    assert (found.of("a"), found.of("b")) == ([1020, 3000], [1020])
    assert found.of("direct") == [1020, 3000]


def test_one_disturbed_round_does_not_set_the_rate() -> None:
    """The median of the rounds."""
    halves = half_of_peaks([sample("a", 100), sample("a", 4000, 2), sample("a", 4200, 3)])

    assert halves == {"a": 2000}


def test_there_is_no_rate_without_a_measurement() -> None:
    """A comparison in which nobody took part is an error, not an empty table."""
    with pytest.raises(CannotRun, match="no contender"):
        half_of_peaks([])


def test_a_rate_that_k6_cannot_make_is_lowered() -> None:
    """To less than it made when it dropped some, by a quarter while its p99 is high, and a bit."""
    tried = []

    def measure(rate: int) -> Latency:
        tried.append(rate)
        made = min(rate, 4000)
        return Latency(made, rate - made, 0, 0.5, 9.0 if rate > 2000 else 2.0)

    assert most_bearable(measure, 10_000, seconds=1) == 1440
    assert tried == [10_000, 2400, 2400, 2400, 1800]


def test_one_bad_moment_does_not_lower_the_rate() -> None:
    """A p99 that is high once is measured again."""
    p99 = iter([9.0, 2.0])

    assert most_bearable(lambda rate: Latency(rate, 0, 0, 0.5, next(p99)), 1000, 1) == 1000
