"""What the load generators report, as we read it."""

import pytest

from bench import k6, wrk
from bench.children import CannotRun


def test_the_result_of_wrk_is_the_line_that_our_script_prints() -> None:
    """Whatever else wrk prints around it."""
    output = 'Running 1s test\nRESULT {"requests": 500, "microseconds": 2000000, "errors": 3}\n'

    burst = wrk.parse(output)

    assert (burst.requests, burst.seconds, burst.errors) == (500, 2.0, 3)


def test_a_wrk_that_failed_is_quoted() -> None:
    """Its own words say more than ours could."""
    with pytest.raises(CannotRun, match="unable to connect"):
        wrk.parse("", "unable to connect to 127.0.0.1")


def test_latencies_come_with_what_k6_did_not_manage() -> None:
    """Without dropped arrivals and refusals the percentiles would be half the truth."""
    metrics = {
        "http_reqs": {"values": {"count": 90}},
        "dropped_iterations": {"values": {"count": 10}},
        "refused": {"values": {"count": 2}},
        "http_req_duration": {"values": {"med": 0.5, "p(99)": 4.0}},
    }

    seen = k6.latency(metrics)

    assert (seen.requests, seen.dropped, seen.errors) == (90, 10, 2)
    assert (seen.p50, seen.p99) == (0.5, 4.0)


def test_k6_leaves_out_counters_that_stayed_at_zero() -> None:
    """A metric that it never saw is not in its summary."""
    metrics = {
        "http_reqs": {"values": {"count": 1}},
        "http_req_duration": {"values": {"med": 0.5, "p(99)": 0.5}},
    }

    seen = k6.latency(metrics)

    assert (seen.dropped, seen.errors) == (0, 0)
