"""Hand-made runs of the flagship: exchanges, windows, measurements, outcomes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from loadtest.exchange import OK, TIMEOUT, Exchange
from loadtest.forecast import Forecast
from loadtest.measurement import AlertResult, Measurement, PhaseResult, Window, phase_result
from loadtest.phases import Journal
from loadtest.run import Outcome, Plan
from loadtest.scenario import Band
from loadtest.scenarios.weight_units import SCENARIO, WeightUnits
from loadtest.timeline import Sample
from loadtest.verdict import judge

NAMES = [f"auth-{i}" for i in range(1, 6)]
EVEN = dict.fromkeys(NAMES, 0.2)
HOT = {"auth-1": 0.8, **dict.fromkeys(NAMES[1:], 0.05)}
DRAINED = {"auth-1": 0.0, **dict.fromkeys(NAMES[1:], 0.25)}
PER_PHASE = 400
SECONDS = 20.0


def exchanges(phase: str, began: float, failing: int, per: int = 100) -> list[Exchange]:
    """PER_PHASE logins, evenly spaced over SECONDS; `failing` of every `per` time out."""
    made = []
    for n in range(PER_PHASE):
        due = began + n * SECONDS / PER_PHASE
        fails = n * failing // per != (n + 1) * failing // per  # spread evenly
        made.append(
            Exchange(phase, n, due, due + 0.001, due + 2.0, TIMEOUT, source="127.10.0.1")
            if fails
            else Exchange(phase, n, due, due + 0.001, due + 0.1, OK, 201, NAMES[n % 5])
        )
    return made


def window(name: str, began: float, shares: Mapping[str, float], **changed: Any) -> Window:
    """A phase of SECONDS whose attempts are spread exactly by `shares`."""
    attempts = {name: round(share * PER_PHASE) for name, share in shares.items()}
    made = Window(
        name=name,
        deed=f"what makes {name}",
        began=began,
        ended=began + SECONDS,
        settle=5.0,
        offered=PER_PHASE,
        config_hash="0123456789abcdef",
        expected_shares=shares,
        attempts=attempts,
        attempts_at_balancer=attempts,
    )
    return replace(made, **changed)


def phase(name: str, index: int, shares: Mapping[str, float], failing: int) -> PhaseResult:
    """The phase at that place of the run, with `failing` per cent of its logins failing."""
    began = 1000.0 + index * SECONDS
    band = Band.around(0.2) if name == "rebalance" else None
    reached = True if name == "drain" else None
    made = window(name, began, shares, failing_expected=band, reached=reached)
    return phase_result(made, exchanges(name, began, failing))


def measurement(**changed: Any) -> Measurement:
    """The flagship as it should go; `changed` replaces fields."""
    made = Measurement(
        phases=[
            phase("baseline", 0, EVEN, 0),
            phase("outage", 1, HOT, 80),
            phase("rebalance", 2, EVEN, 20),
            phase("drain", 3, DRAINED, 0),
            phase("verify", 4, EVEN, 0),
        ],
        alerts=[AlertResult("LoginFailureSpike", 1029.0, 1052.0, 9.0, 12.0, "outage")],
        forecast_failing=0.8,
        forecast_shares=HOT,
        must_fire=("LoginFailureSpike",),
        patience=2.0,
    )
    return replace(made, **changed)


def with_phase(name: str, **changed: Any) -> Measurement:
    """The good measurement with fields of one phase's result replaced."""
    good = measurement()
    phases = [replace(one, **changed) if one.name == name else one for one in good.phases]
    return replace(good, phases=phases)


def with_window(name: str, **changed: Any) -> Measurement:
    """The good measurement with fields of one phase's window replaced."""
    return with_phase(name, window=replace(measurement().phase(name).window, **changed))


def outcome(measured: Measurement, out: Path) -> Outcome:
    """A finished run with that measurement."""
    journal = Journal()
    for index, one in enumerate(measured.phases):
        journal.windows.append(one.window)
        failing = round(one.failing_share * 100)
        journal.exchanges += exchanges(one.name, 1000.0 + index * SECONDS, failing)
    for second in range(100):
        attempts = {name: (i + 1) * second * 2 for i, name in enumerate(NAMES)}
        depths = {name: max(0, 40 - abs(second - 40)) * (name == "auth-1") for name in NAMES}
        journal.samples.append(Sample(1000.0 + second, attempts, depths, []))
    verdict, checks = judge(measured)
    plan = Plan(SCENARIO, WeightUnits(), 1, 8080, out, measured.cured)
    forecast = Forecast(measured.forecast_failing, measured.forecast_shares, {})
    facts = {
        "sources_bound": True,
        "started_at": "2026-01-01T00:00:00+00:00",
        "versions": {"python": "3.11"},
    }
    return Outcome(plan, journal, measured, forecast, verdict, checks, facts)
