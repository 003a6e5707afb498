"""The arithmetic between a measurement and its row."""

from dataclasses import asdict

import pytest

from bench import report
from bench.children import CannotRun
from bench.k6 import Latency
from bench.measure import Sample, half_of_slowest


def sample(name: str, number: int, requests: int, cpu: float, p50: float) -> Sample:
    """One second of load, half of the CPU time spent in the kernel."""
    latency = Latency(100, 0, 0, p50, 2 * p50)
    return Sample(name, number, requests, 1.0, 0, cpu / 2, cpu / 2, 50, latency)


def test_the_arrival_rate_is_half_of_what_the_slowest_carries() -> None:
    """Rounded to tens, and by the first round alone, so that it is known before the rest."""
    first = [sample("nginx", 1, 9000, 0.3, 1), sample("aiohttp", 1, 2050, 0.9, 1)]
    later = [sample("aiohttp", 2, 100, 0.9, 1)]

    assert half_of_slowest(first + later) == 1020


def test_there_is_no_rate_without_a_measurement() -> None:
    """A comparison in which nobody took part is an error, not an empty table."""
    with pytest.raises(CannotRun, match="no contender"):
        half_of_slowest([])


def test_a_row_has_cost_ratio_and_added_latency() -> None:
    """CPU for each login, the kernel's part, the ratio to nginx, latency above `direct`."""
    samples = [
        asdict(sample("evenhand", 1, 10_000, 0.6, 0.5)),
        asdict(sample("nginx", 1, 10_000, 0.4, 0.4)),
        asdict(sample("direct", 1, 30_000, 0.0, 0.1)),
    ]

    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in report.table(samples).splitlines()[2:]
    ]

    assert rows[0] == ["evenhand", "60.0", "30.0", "1.50", "10,000", "60 %", "0.40", "0.80", "0"]
    assert rows[1] == ["nginx", "40.0", "20.0", "1.00", "10,000", "40 %", "0.30", "0.60", "0"]
    assert rows[2] == ["direct", "–", "–", "–", "30,000", "–", "[0.10]", "[0.20]", "0"]
