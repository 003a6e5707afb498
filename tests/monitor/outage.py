"""The flagship outage as metrics: what balancer and instances would expose, second by second.

A small queueing simulation (five endpoints, one hash slot of 100 ms each, an unbounded queue whose
abandoned work is still done, clients that leave after 2 s) writes cumulative counters, so that the
alert rules can be judged without starting a stack. `evenhand reproduce` does it for real.
"""

import random
from dataclasses import dataclass, field

from monitor.store import Store
from monitor.values import NAME, Labels, Vector, labels_of

RATE, PATIENCE_S, HASH_S = 32.0, 2.0, 0.1
NAMES = tuple(f"auth-{i}" for i in range(1, 6))
EVEN = dict.fromkeys(NAMES, 1.0)
HOT = EVEN | {"auth-1": 16.0}
DRAINED = EVEN | {"auth-1": 0.0}


@dataclass(frozen=True)
class Phase:
    """From second `start`, endpoints are given these weights."""

    start: float
    weights: dict[str, float]


@dataclass
class Ledger:
    """Moments at which counters went up, and each endpoint's hashes begun and arrived."""

    finished: list[tuple[float, Labels]] = field(default_factory=list)
    submitted: list[tuple[float, str]] = field(default_factory=list)
    begun: list[tuple[float, str]] = field(default_factory=list)


def weight_units(
    phases: list[Phase], length_s: float, seed: int = 1, bound: int | None = None
) -> Ledger:
    """Poisson arrivals at RATE, spread by smooth weighted round robin.

    `bound` is the hash queue's; a login that finds it full is answered 503 at once.
    """
    dice, ledger, now = random.Random(seed), Ledger(), 0.0
    free_at = dict.fromkeys(NAMES, 0.0)
    credit = dict.fromkeys(NAMES, 0.0)
    while (now := now + dice.expovariate(RATE)) < length_s:
        weights = [phase for phase in phases if phase.start <= now][-1].weights
        credit = {n: credit[n] + weights[n] for n in NAMES}
        name = max((n for n in NAMES if weights[n]), key=lambda n: credit[n])
        credit[name] -= sum(weights.values())
        ledger.submitted.append((now, name))
        begin = max(now, free_at[name])
        if bound is not None and begin - now > bound * HASH_S:
            ledger.finished.append((now, _request(name, "503", "ok")))
            ledger.begun.append((now, name))
            continue
        free_at[name] = begin + HASH_S
        ledger.begun.append((begin, name))
        gone = free_at[name] - now > PATIENCE_S
        ended = now + PATIENCE_S if gone else free_at[name]
        ledger.finished.append(
            (ended, _request(name, *(("", "client_gone") if gone else ("201", "ok"))))
        )
    return ledger


def snapshot(ledger: Ledger, at: float, capacity: float = 1 / HASH_S) -> Vector:
    """Every series as a scrape at second `at` would show it.

    A counter of the balancer's appears with its first event, as the worst case allows; those of
    the instances are there from the start.
    """
    page: Vector = {}
    for when, labels in ledger.finished:
        if when <= at:
            page[labels] = page.get(labels, 0.0) + 1
    for name in NAMES:
        own = [("instance", name), ("job", "authsvc")]
        arrived = sum(when <= at and n == name for when, n in ledger.submitted)
        begun = sum(when <= at and n == name for when, n in ledger.begun)
        page[_series("auth_attempts_submitted_total", [*own, ("flow", "login")])] = float(arrived)
        page[_series("auth_hash_queue_depth", own)] = float(arrived - begun)
        page[_series("auth_hash_capacity_per_second", own)] = capacity
    return page


def feed(store: Store, page: Vector, at_ms: int) -> None:
    """Store one scrape."""
    for labels, value in page.items():
        store.append(labels, at_ms, value)


def _request(endpoint: str, code: str, outcome: str) -> Labels:
    return _series(
        "lb_requests_total",
        [
            ("pool", "auth"), ("endpoint", endpoint), ("code", code), ("outcome", outcome),
            ("instance", "balancer"), ("job", "balancer"),
        ],
    )  # fmt: skip


def _series(name: str, labels: list[tuple[str, str]]) -> Labels:
    return labels_of([(NAME, name), *labels])
