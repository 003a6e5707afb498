"""Endpoints and what they carry."""

from balancer.core.endpoint import LATENCY_BUCKETS, Endpoint, Load
from balancer.core.failure import OUTCOMES


def test_every_outcome_is_counted_from_zero() -> None:
    """A rate needs a series that was there before the first event."""
    outcomes = {outcome for outcome, _ in Load().finished}

    assert outcomes == set(OUTCOMES)
    assert set(Load().finished.values()) == {0}


def test_a_duration_falls_into_the_bucket_whose_bound_it_does_not_pass() -> None:
    """Prometheus's buckets include their upper bound; what is longer than all goes last."""
    load = Load()

    load.finish("ok", "201", 0.1)
    load.finish("ok", "201", 99.0)

    assert load.bucket_counts[LATENCY_BUCKETS.index(0.1)] == 1
    assert load.bucket_counts[-1] == 1
    assert load.finished["ok", "201"] == 2


def test_ready_means_wanted_and_up() -> None:
    """Configuration and probes both have a say."""
    endpoint = Endpoint("a", "h:1")

    assert endpoint.ready
    endpoint.health.up = False
    assert endpoint.wanted
    assert not endpoint.ready
