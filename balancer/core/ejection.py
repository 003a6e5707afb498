"""Passive outlier ejection: an endpoint that fails real requests is left out for a while.

Source: Envoy's outlier detection (consecutive errors, success rate against the pool, a base time
that grows with each ejection, a cap on the share ejected). What differs: failures to connect,
deadlines and 5xx answers count alike, and a success rate must be five points below the mean.
"""

import math
from collections.abc import Sequence
from typing import Literal, Protocol

from balancer.core.endpoint import Endpoint

LEAST_GAP = 0.05
"""How far below the mean a success rate is in any case, before it ejects. One of five that differs
at all is two deviations away, so that without this a single failed request would do."""

Reason = Literal["consecutive", "success_rate", "operator"]


class SuccessRate(Protocol):
    """When an endpoint's share of successes is too far below its pool's."""

    @property
    def endpoints(self) -> int: ...
    @property
    def requests(self) -> int: ...
    @property
    def deviations(self) -> float: ...


class EjectionPolicy(Protocol):
    """When to eject, for how long, and how many at most."""

    @property
    def consecutive(self) -> int: ...
    @property
    def interval(self) -> float: ...
    @property
    def base(self) -> float: ...
    @property
    def most(self) -> float: ...
    @property
    def share(self) -> float: ...
    @property
    def success_rate(self) -> SuccessRate | None: ...


class Ejector:
    """Ejects endpoints of one pool. Says True when the ready set changed by it."""

    def __init__(self, policy: EjectionPolicy, endpoints: Sequence[Endpoint]) -> None:
        self._policy = policy
        self._endpoints = endpoints
        self._compare_at = 0.0

    def observe(self, endpoint: Endpoint, failed: bool, now: float) -> bool:
        """Take in how an attempt ended."""
        health = endpoint.health
        if not failed:
            health.failures = 0
            health.passed += 1
            return False
        health.failed += 1
        health.failures += 1
        if health.failures < self._policy.consecutive:
            return False
        return self._eject(endpoint, "consecutive", now)

    def tick(self, now: float) -> bool:
        """Compare success rates, once an interval."""
        if now < self._compare_at:
            return False
        self._compare_at = now + self._policy.interval
        return self._compare(now)

    def _compare(self, now: float) -> bool:
        """Eject who is too far below the others; then begin to count anew."""
        outliers = self._outliers()
        for endpoint in self._endpoints:
            health = endpoint.health
            if not health.failed and not health.ejected_until and health.ejections:
                health.ejections -= 1
            health.passed = health.failed = 0
        ejected = [self._eject(endpoint, "success_rate", now) for endpoint in outliers]
        return any(ejected)

    def _outliers(self) -> list[Endpoint]:
        """Endpoints whose success rate is below the mean less so many standard deviations."""
        policy = self._policy.success_rate
        if policy is None:
            return []
        rates = {
            endpoint: endpoint.health.passed / (endpoint.health.passed + endpoint.health.failed)
            for endpoint in self._endpoints
            if endpoint.health.passed + endpoint.health.failed >= policy.requests
        }
        if len(rates) < policy.endpoints:
            return []
        mean = sum(rates.values()) / len(rates)
        deviation = math.sqrt(sum((rate - mean) ** 2 for rate in rates.values()) / len(rates))
        least = mean - max(policy.deviations * deviation, LEAST_GAP)
        return [endpoint for endpoint, rate in rates.items() if rate < least]

    def _eject(self, endpoint: Endpoint, reason: Reason, now: float) -> bool:
        """Eject, unless too many are out already: the rest has to carry what remains."""
        wanted = [one for one in self._endpoints if one.wanted]
        out = sum(1 for one in wanted if one.health.ejected_until)
        most = max(1, math.floor(self._policy.share * len(wanted)))
        if endpoint.health.ejected_until or not endpoint.wanted or out >= most:
            return False
        policy = self._policy
        time = min(policy.most, policy.base * (endpoint.health.ejections + 1))
        eject(endpoint, reason, now + time)
        return True


def eject(endpoint: Endpoint, reason: Reason, until: float) -> None:
    """Leave an endpoint out until then."""
    endpoint.health.ejected_until = until
    endpoint.health.ejections += 1
    endpoint.health.failures = 0
    endpoint.load.ejected[reason] += 1


def readmit_due(endpoints: Sequence[Endpoint], now: float) -> bool:
    """Let those in again whose time is over; whether there were any."""
    due = [one for one in endpoints if 0 < one.health.ejected_until <= now]
    for endpoint in due:
        readmit(endpoint)
    return bool(due)


def readmit(endpoint: Endpoint) -> bool:
    """Let an endpoint take attempts again; False if it was not ejected."""
    if not endpoint.health.ejected_until:
        return False
    endpoint.health.ejected_until = 0.0
    return True
