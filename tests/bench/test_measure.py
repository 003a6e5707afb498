"""The arithmetic between a measurement and its row."""

from dataclasses import asdict

from bench import report
from bench.k6 import Latency
from bench.measure import Sample, Timed


def cells(table: str) -> list[list[str]]:
    """The rows of a Markdown table, without its head."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]
    ]


def sample(name: str, number: int, requests: int, cpu: float) -> Sample:
    """One second of load, half of the CPU time spent in the kernel."""
    return Sample(name, number, requests, 1.0, 0, cpu / 2, cpu / 2)


def timed(name: str, rate: int, p50: float, dropped: int = 0) -> Timed:
    """One round at a rate, its p99 twice its median."""
    return Timed(name, 1, rate, Latency(100, dropped, 0, p50, 2 * p50))


SAMPLES = [
    asdict(one)
    for one in (
        sample("evenhand", 1, 10_000, 0.6),
        sample("nginx", 1, 16_000, 0.64),
        sample("direct", 1, 30_000, 0.0),
    )
]


def test_a_row_of_the_costs_has_cpu_ratio_and_peak() -> None:
    """CPU for each login, the kernel's part, the ratio to nginx within the round."""
    rows = cells(report.cost_table(SAMPLES))

    assert rows[0] == ["evenhand", "60.0", "30.0", "1.50", "10,000", "60 %"]
    assert rows[1] == ["nginx", "40.0", "20.0", "1.00", "16,000", "64 %"]
    assert rows[2] == ["direct", "–", "–", "–", "30,000", "–"]


def test_a_row_of_the_latencies_is_what_the_proxy_adds_at_that_rate() -> None:
    """Each beside `direct` at the same rate; how much of the peak was driven, and what was not."""
    found = [
        timed("evenhand", 50, 0.5), timed("evenhand", 5000, 0.9), timed("nginx", 50, 0.4),
        timed("nginx", 6000, 0.8, dropped=3), timed("direct", 50, 0.1),
        timed("direct", 5000, 0.2), timed("direct", 6000, 0.3),
    ]  # fmt: skip
    rates = {"common": 50, "own": {"evenhand": 5000, "nginx": 6000}, "most": 6000}

    rows = cells(report.latency_table(SAMPLES, [asdict(one) for one in found], rates))

    assert rows[0] == ["evenhand", "0.40", "0.80", "5,000", "50 %", "0.70", "1.40", "0"]
    assert rows[1] == ["nginx", "0.30", "0.60", "6,000", "38 %", "0.50", "1.00", "3"]
    assert rows[2] == ["direct", "[0.10]", "[0.20]", "6,000", "–", "[0.30]", "[0.60]", "0"]
