"""When an instance should get traffic."""

from dataclasses import replace

from authsvc.hashing.admission import Admission
from authsvc.health import Load, Readiness, details, schema_trouble
from authsvc.lab import parse
from authsvc.settings import settings

ENVIRONMENT = {"DATABASE_URL": "postgresql://auth:hush@h/d", "AUTH_PEPPER": "secret-pepper-" * 3}


def after(*probes: str | None) -> Readiness:
    """Readiness that has seen these probes."""
    readiness = Readiness()
    for probe in probes:
        readiness.observe(probe)
    return readiness


def test_the_first_good_probe_makes_an_instance_ready() -> None:
    """Not earlier, and without further waiting."""
    assert not Readiness().ready
    assert not after("refused").ready
    assert after("refused", None).ready


def test_one_late_answer_moves_no_traffic() -> None:
    """It takes three bad probes in a row."""
    assert after(None, "late", "late").ready
    assert after(None, "late", "late", None, "late", "late").ready
    assert not after(None, "late", "late", "late").ready


def test_an_instance_that_fell_needs_two_good_probes() -> None:
    """So that it does not flap."""
    fell = ("late",) * 3
    assert not after(None, *fell, None).ready
    assert after(None, *fell, None, None).ready


def test_draining_is_unready_at_once() -> None:
    """Whatever the database says."""
    leaving = after(None)
    leaving.draining = True
    assert not leaving.ready


def test_a_schema_that_is_behind_is_trouble_and_one_ahead_is_not() -> None:
    """The next release's migrations only add, so that this one runs on."""
    assert "run migrate" in (schema_trouble(found=2, needed=3) or "")
    assert schema_trouble(found=3, needed=3) is None
    assert schema_trouble(found=4, needed=3) is None


def test_details_name_the_emulation_and_no_secret() -> None:
    """Nobody shall mistake a lab for production."""
    lab = Admission(
        slots=1, limit=float("inf"), hash_seconds=0.001, hold_seconds=0.1, drops_abandoned=False
    )
    told = details(settings({}, ENVIRONMENT), lab, after(None), Load(waiting=3, in_progress=1))
    assert (told["status"], told["profile"]) == ("pass", "lab")
    assert told["emulation"] == {"hash_seconds": 0.1}
    assert told["hash_queue"]["limit"] == "unbounded"
    assert told["hash_queue"]["abandoned"] == "finish"
    assert "hush" not in str(told)
    assert "secret" not in str(told)
    real = replace(lab, hold_seconds=0.0, limit=9)
    told = details(settings({}, ENVIRONMENT), real, after(), Load(waiting=0, in_progress=0))
    assert (told["status"], told["emulation"], told["hash_queue"]["limit"]) == ("fail", None, 9)
    assert told["output"] == "the database was not reached yet"


def test_started_is_not_ready() -> None:
    """What came up stays so, whatever befalls it later."""
    assert not after("refused").started
    fallen = after(None, *("late",) * 3)
    assert (fallen.started, fallen.unready) == (True, "late")


def test_health_has_the_shape_of_the_draft_and_names_every_switch() -> None:
    """A release by its label; what is wrong with it on purpose, in words and in numbers."""
    flags = {"release": "canary", "fault": [parse("slow=3"), parse("fail-fast")]}
    sound = Admission(slots=1, limit=9, hash_seconds=0.001, hold_seconds=0.3, drops_abandoned=True)
    told = details(settings(flags, ENVIRONMENT), sound, after(None), Load(2, 1))
    assert told["releaseId"] == "canary"
    assert told["lab_switches"]["slow"] == 3
    assert "slow=3" in told["notes"][0]
    assert "fail-fast" in told["notes"][0]
    assert told["checks"]["postgres:responseTime"][0]["status"] == "pass"
    assert told["checks"]["hash-queue:waiting"][0]["observedValue"] == 2
