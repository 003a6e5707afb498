"""What an instance refuses to be told, and why."""

import base64
import math
import random
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authsvc.lab import Fault
from authsvc.secrecy import weakness
from authsvc.settings import (
    Abandoned,
    Address,
    Profile,
    Settings,
    SettingsError,
    Switch,
    database_name,
    settings,
)
from authsvc.throttling import Limits

ENVIRONMENT = {
    "DATABASE_URL": "postgresql://auth:hush@db.example:6432/auth",
    "AUTH_PEPPER": "q5VQy8zbe0HkXT1vmRfJ7sWd4uNaLg2C",
}


def of(**flags: Any) -> Settings:
    """Settings from these flags and a good environment."""
    return settings(flags, ENVIRONMENT)


def complaint(environment: dict[str, str] = ENVIRONMENT, **flags: Any) -> str:
    """Why these are refused."""
    with pytest.raises(SettingsError) as refused:
        settings(flags, environment)
    return "\n".join(refused.value.complaints)


def test_the_lab_emulates_ten_hashes_a_second() -> None:
    """The defaults that scenarios are calibrated with."""
    found = of()
    assert (found.bcrypt_cost, found.hash_slots, found.hash_seconds) == (4, 1, 0.1)
    assert (found.hash_queue, found.abandoned, found.deadline) == (None, Abandoned.DROP, 2.0)
    assert found.drain_delay == 0


def test_production_hashes_for_real() -> None:
    """Its defaults obey its own rules."""
    found = of(profile="production")
    assert found.profile is Profile.PRODUCTION
    assert (found.bcrypt_cost, found.hash_seconds) == (10, 0)


def test_a_flag_beats_the_profile() -> None:
    """Flags that were not given are None, and leave the default."""
    found = of(bcrypt_cost=5, hash_slots=None, hash_queue=math.inf, abandoned="finish")
    assert (found.bcrypt_cost, found.hash_slots) == (5, 1)
    assert (found.hash_queue, found.abandoned) == (math.inf, Abandoned.FINISH)


def test_limits_are_strict_but_for_the_lab() -> None:
    """And `off` for the lab alone."""
    assert of(profile="production").limits == Limits(5, 50, 100)
    assert of().limits == Limits(50, 500, 10_000)
    assert of(throttle_pair=math.inf).limits.pair == math.inf


def test_nobody_is_trusted_until_named() -> None:
    """To say where a client comes from; and never everybody, where it counts."""
    assert of().trusted == ()
    balancer, everybody = ip_network("10.0.0.5/32"), ip_network("0.0.0.0/0")
    assert of(trusted=[balancer]).trusted == (balancer,)
    assert "--trust everybody" in complaint(profile="production", trusted=[everybody])


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ({"throttle_pair": math.inf}, "--throttle-pair off"),
        ({"throttle_account": math.inf}, "--throttle-account off"),
        ({"throttle_source": math.inf}, "--throttle-source off"),
        ({"bcrypt_cost": 9}, "10 or more"),
        ({"hash_queue": math.inf}, "--hash-queue unbounded"),
        ({"abandoned": "finish"}, "--abandoned finish"),
        ({"hash_seconds": 0.1}, "--hash-seconds"),
        *(({"fault": [(fault, 1.0)]}, f"--fault {fault}") for fault in Fault if fault != "slow"),
        ({"fault": [(Fault.SLOW, 2.0)]}, "--fault slow"),
    ],
)
def test_production_refuses_what_belongs_to_the_lab(flags: dict[str, Any], word: str) -> None:
    """Each refusal names the flag; the lab takes the same flag."""
    assert word in complaint(profile="production", **flags)
    assert of(profile="lab", **flags).profile is Profile.LAB


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ({"hash_slots": 0}, "--hash-slots 0"),
        ({"bcrypt_cost": 3}, "--bcrypt-cost 3"),
        ({"bcrypt_cost": 31}, "--bcrypt-cost 31"),
        ({"deadline": 0.1}, "every login would be late"),
        ({"hash_queue": 0}, "--hash-queue"),
        ({"throttle_source": 0}, "--throttle-source 0"),
        ({"fault": [(Fault.SLOW, 30.0)]}, "a hash takes 3 s"),
        ({"fault": [(Fault.SLOW, 2.0)] * 2}, "given twice"),
        ({"release": "a b"}, "--release"),
    ],
)
def test_what_could_never_work_is_refused(flags: dict[str, Any], word: str) -> None:
    """In every profile."""
    assert word in complaint(**flags)


@pytest.mark.parametrize("profile", [*Profile])
def test_a_pepper_has_no_default(profile: Profile) -> None:
    """Nor may it be short."""
    database = {"DATABASE_URL": ENVIRONMENT["DATABASE_URL"]}
    assert "AUTH_PEPPER is not set" in complaint(database, profile=profile)
    assert "has 5 bytes" in complaint({**database, "AUTH_PEPPER": "short"}, profile=profile)


def test_a_pepper_can_lie_in_a_file(tmp_path: Path) -> None:
    """Its last line's end does not count."""
    file = tmp_path / "pepper"
    file.write_bytes(b"x" * 40 + b"\n")
    environment = {"DATABASE_URL": ENVIRONMENT["DATABASE_URL"], "AUTH_PEPPER_FILE": str(file)}
    assert settings({}, environment).pepper == b"x" * 40


def test_two_peppers_are_one_too_many(tmp_path: Path) -> None:
    """Which one is meant cannot be known; a file that is missing is named."""
    file = str(tmp_path / "none")
    assert "keep one" in complaint({**ENVIRONMENT, "AUTH_PEPPER_FILE": file})
    assert file in complaint({**ENVIRONMENT, "AUTH_PEPPER": "", "AUTH_PEPPER_FILE": file})


@pytest.mark.parametrize("url", ["", "mysql://h/d", "postgresql://", "postgresql://h:port/d"])
def test_a_database_url_must_look_like_one(url: str) -> None:
    """The complaint shows a good one."""
    assert "postgresql://" in complaint({**ENVIRONMENT, "DATABASE_URL": url})


def test_every_complaint_comes_at_once() -> None:
    """Nobody wants to mend one thing a time."""
    said = complaint({}, profile="production", bcrypt_cost=4, hash_queue=math.inf)
    assert all(word in said for word in ("DATABASE_URL", "AUTH_PEPPER", "10 or more", "unbounded"))


def test_secrets_are_not_shown() -> None:
    """Neither in a repr nor in the name that messages use."""
    shown = repr(of()) + database_name(ENVIRONMENT["DATABASE_URL"])
    assert "hush" not in shown
    assert ENVIRONMENT["AUTH_PEPPER"] not in shown
    assert shown.endswith("db.example:6432/auth")


@pytest.mark.parametrize("text", ["127.0.0.1:8091", "[::1]:0", "localhost:80"])
def test_an_address_is_written_as_it_was_read(text: str) -> None:
    """Brackets included."""
    assert str(Address.parse(text)) == text


@pytest.mark.parametrize("text", ["", "8091", "127.0.0.1", ":80", "a:b", "a:99999", "a:1/x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """With an example, where we find it ourselves."""
    with pytest.raises(ValueError, match=r"HOST:PORT|[Pp]ort"):
        Address.parse(text)


@pytest.mark.parametrize(
    "weak", [b"a" * 64, b"abcd" * 16, bytes(range(40)), b"AUTH-Pepper-" + b"x9Kq2" * 5, b"ab" * 20]
)
def test_a_pepper_that_could_be_guessed_is_refused_in_production(
    weak: bytes, tmp_path: Path
) -> None:
    """A lab may have it; neither says what it is."""
    file = tmp_path / "pepper"
    file.write_bytes(weak)
    environment = {"DATABASE_URL": ENVIRONMENT["DATABASE_URL"], "AUTH_PEPPER_FILE": str(file)}
    said = complaint(environment, profile="production")
    assert "openssl rand" in said
    assert weak.decode("latin-1") not in said
    assert settings({}, environment).profile is Profile.LAB


@given(st.integers(0, 2**31))
def test_a_random_pepper_is_taken(seed: int) -> None:
    """As raw bytes, in base64 and in hexadecimal."""
    drawn = random.Random(seed).randbytes(32)
    written = (drawn, base64.b64encode(drawn), drawn.hex().encode())
    assert [weakness(secret) for secret in written] == [None] * 3


def test_every_switch_of_the_lab_is_told() -> None:
    """By value; a production instance has none."""
    assert of(profile="production").switches == {}
    assert of().switches == {Switch.EMULATION: 0.1, Switch.CHEAP_HASHES: 4}
    found = of(hash_queue=math.inf, abandoned="finish", fault=[(Fault.ERRORS, 0.3)]).switches
    assert found[Switch.UNBOUNDED_QUEUE] == found[Switch.ABANDONED_FINISHED] == 1
    assert found[Switch.ERRORS] == 0.3
