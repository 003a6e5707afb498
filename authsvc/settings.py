"""What one instance is told, and what it refuses to be told.

`settings` reads flags and environment into one frozen `Settings`; `complaints` holds the rules that
need more than one value, and those that only the `production` profile has.
"""

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar
from urllib.parse import SplitResult, urlsplit

from authsvc import cores
from authsvc.lab import Fault, Faults
from authsvc.names import Alphabet
from authsvc.secrecy import weakness
from authsvc.sources import Network
from authsvc.throttling import Limits, Scope

T = TypeVar("T")
PEPPER_BYTES = 32  # as long as the key that HMAC-SHA-384 would be given by a careful person
_PEPPER_ADVICE = f"at least {PEPPER_BYTES} bytes, for example from `openssl rand -base64 48`"
LOWEST_BCRYPT_COST, HIGHEST_BCRYPT_COST = 4, 15  # 4 is bcrypt's own floor; 15 takes two seconds
PRODUCTION_COST = 10  # OWASP Password Storage Cheat Sheet; ASVS 5.0 appendix C
_RELEASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", re.ASCII)


class SettingsError(ValueError):
    """The instance cannot be run as asked; `complaints` says why, one sentence each."""

    def __init__(self, *complaints: str) -> None:
        super().__init__("; ".join(complaints))
        self.complaints = complaints


class Profile(StrEnum):
    """`lab` emulates capacity and hashes cheaply; `production` allows neither."""

    LAB = "lab"
    PRODUCTION = "production"


class Abandoned(StrEnum):
    """What happens to a login whose client has left, or whose deadline has passed."""

    DROP = "drop"
    FINISH = "finish"


class Switch(StrEnum):
    """What only a lab has; production refuses each, and whoever looks at a lab is told of it."""

    EMULATION = "emulation"
    CHEAP_HASHES = "cheap-hashes"
    UNBOUNDED_QUEUE = "unbounded-queue"
    ABANDONED_FINISHED = "abandoned-finished"
    ERRORS = Fault.ERRORS.value
    FAIL_FAST = Fault.FAIL_FAST.value
    SLOW = Fault.SLOW.value
    WARM_UP = Fault.WARM_UP.value
    UNREADY_WHEN_QUEUED = Fault.UNREADY_WHEN_QUEUED.value


class Address(NamedTuple):
    """Where to listen."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """`127.0.0.1:8091` or `[::1]:8091`; port 0 takes a free one. Raises ValueError."""
        parts = urlsplit(f"//{text}")
        if not parts.hostname or parts.port is None or parts.path or parts.username:
            raise ValueError(f"'{text}' is not HOST:PORT, for example 127.0.0.1:8091")
        return cls(parts.hostname, parts.port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


SERVICE, PRIVATE = Address("127.0.0.1", 8091), Address("127.0.0.1", 8101)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One instance. Times are seconds; `hash_queue` counts waiting jobs, `math.inf` is no bound."""

    name: str = "auth-1"
    listen: Address = SERVICE
    private: Address = PRIVATE
    admin: Address | None = None  # None: no operators' listener
    profile: Profile = Profile.LAB
    bcrypt_cost: int
    hash_slots: int
    hash_seconds: float  # each hash holds its slot this long; 0 is as long as bcrypt takes
    hash_queue: float | None = None  # None: by the formula, once a hash has been timed
    abandoned: Abandoned = Abandoned.DROP
    deadline: float = 2.0
    drain_delay: float
    throttle_pair: float  # failures; math.inf is off
    throttle_account: float
    throttle_source: float
    names: Alphabet = Alphabet.ASCII  # the same for all instances of a database
    create_share: float = 0.1  # of the hashes, for passwords that are made
    trusted: tuple[Network, ...] = ()  # peers whose X-Forwarded-For is believed
    release: str = ""  # a label for what was deployed; empty for the installed version
    faults: Faults = field(default_factory=Faults)
    database_url: str = field(repr=False)
    pepper: bytes = field(repr=False)
    previous_pepper: bytes | None = field(default=None, repr=False)

    @property
    def peppers(self) -> list[bytes]:
        """This one, and the one before it if that is still believed."""
        return [p for p in (self.pepper, self.previous_pepper) if p is not None]

    @property
    def limits(self) -> Limits:
        """How many attempts may fail."""
        return Limits(self.throttle_pair, self.throttle_account, self.throttle_source)

    def throttles(self) -> list[tuple[Scope, float]]:
        """The limit of each scope."""
        return [(scope, getattr(self.limits, scope)) for scope in Scope]

    @property
    def switches(self) -> dict[Switch, float]:
        """The lab's switches that are on, by value: a share, a factor, a cost, or just 1."""
        on = {
            Switch.EMULATION: (self.hash_seconds > 0, self.hash_seconds),
            Switch.CHEAP_HASHES: (self.bcrypt_cost < PRODUCTION_COST, self.bcrypt_cost),
            Switch.UNBOUNDED_QUEUE: (self.hash_queue == math.inf, 1.0),
            Switch.ABANDONED_FINISHED: (self.abandoned is Abandoned.FINISH, 1.0),
        }
        found: dict[Switch, float] = {name: value for name, (is_on, value) in on.items() if is_on}
        return found | {Switch(fault.value): value for fault, value in self.faults.active.items()}


PROFILE_DEFAULTS: dict[Profile, dict[str, Any]] = {
    Profile.LAB: {
        "bcrypt_cost": 4,
        "hash_slots": 1,
        "hash_seconds": 0.1,
        "drain_delay": 0.0,
        # Its clients are a program with right passwords, which may wait by the thousand in a queue
        # without bound, and which come from one address where no others can be had.
        "throttle_pair": 50,
        "throttle_account": 500,
        "throttle_source": 10_000,
    },
    Profile.PRODUCTION: {
        "bcrypt_cost": PRODUCTION_COST,
        "hash_slots": cores.given(),
        "hash_seconds": 0.0,
        "throttle_pair": 5,  # a person who types, and has two passwords in mind
        "throttle_account": 50,  # NIST SP 800-63B 3.2.2: at most 100 in a row
        "throttle_source": 100,  # many people behind one address; an attacker gets few guesses each
        "drain_delay": 6.0,  # a balancer that probes every 2 s needs 3 failures to look away
    },
}


def settings(flags: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Flags (None: not given), then the profile's defaults, then the environment's two secrets.

    Raises SettingsError with every complaint at once.
    """
    profile = Profile(flags.get("profile") or Profile.LAB)
    known = {f.name for f in fields(Settings)}
    given = {name: value for name, value in flags.items() if name in known and value is not None}
    wrong: list[str] = []
    try:
        faults = Faults.of(flags.get("fault") or ())
    except ValueError as error:
        wrong, faults = [str(error)], Faults()
    found = Settings(
        **{
            **PROFILE_DEFAULTS[profile],
            **given,
            "profile": profile,
            "trusted": tuple(given.get("trusted", ())),
            "names": Alphabet(given.get("names", Alphabet.ASCII)),
            "abandoned": Abandoned(given.get("abandoned", Abandoned.DROP)),
            "faults": faults,
            "database_url": _or_complain(wrong, database_url, environment, ""),
            "pepper": _or_complain(wrong, pepper, environment, b""),
            "previous_pepper": _or_complain(wrong, previous_pepper, environment, None),
        }
    )
    wrong += complaints(found)
    if wrong:
        raise SettingsError(*wrong)
    return found


def _or_complain(
    wrong: list[str],
    read: Callable[[Mapping[str, str]], T],
    environment: Mapping[str, str],
    none: T,
) -> T:
    try:
        return read(environment)
    except SettingsError as error:
        wrong += error.complaints
        return none


def complaints(asked: Settings) -> list[str]:
    """Why these settings cannot be run; empty if they can."""
    lowest, highest = LOWEST_BCRYPT_COST, HIGHEST_BCRYPT_COST
    rules = [
        (
            asked.hash_slots < 1,
            f"--hash-slots {asked.hash_slots}: nothing could ever be hashed; give 1 or more",
        ),
        (
            not lowest <= asked.bcrypt_cost <= highest,
            f"--bcrypt-cost {asked.bcrypt_cost}: must lie within {lowest} and {highest}",
        ),
        (
            asked.deadline <= asked.hash_seconds * asked.faults.slow,
            f"--deadline {asked.deadline}: every login would be late, since a hash takes "
            f"{asked.hash_seconds * asked.faults.slow:g} s; give more than that",
        ),
        (
            not 0 < asked.create_share <= 1,
            f"--create-share {asked.create_share}: must be more than 0 and at most 1",
        ),
        (
            asked.previous_pepper is not None and asked.previous_pepper == asked.pepper,
            "AUTH_PEPPER_PREVIOUS is the same as AUTH_PEPPER; leave it out, or give the old one",
        ),
        (
            asked.hash_queue is not None and asked.hash_queue < 1,
            "--hash-queue must be 1 or more, or `unbounded`",
        ),
        (
            bool(asked.release) and not _RELEASE.fullmatch(asked.release),
            "--release: up to 64 letters, digits, dots, dashes; for example 2026.11.2 or canary",
        ),
    ]
    rules += [
        (limit < 1, f"--throttle-{scope} {limit:g}: nobody could ever log in; give 1 or more")
        for scope, limit in asked.throttles()
    ]
    if asked.profile is Profile.PRODUCTION:
        rules += _production_rules(asked)
    return [complaint for broken, complaint in rules if broken]


def _production_rules(asked: Settings) -> list[tuple[bool, str]]:
    lab_only = "is a switch for the lab; leave it out, or use --profile lab"
    weak = weakness(asked.pepper) if asked.pepper else None
    return [
        (
            weak is not None,
            f"the pepper {weak}; whoever steals the table would try it. Make one that nobody "
            "thought of: openssl rand -base64 48",
        ),
        (
            asked.bcrypt_cost < PRODUCTION_COST,
            f"--bcrypt-cost {asked.bcrypt_cost}: production needs {PRODUCTION_COST} or more "
            "(OWASP, ASVS 5.0); a stolen table of cheaper hashes is soon guessed",
        ),
        (asked.hash_queue == math.inf, f"--hash-queue unbounded {lab_only}"),
        (asked.abandoned is Abandoned.FINISH, f"--abandoned finish {lab_only}"),
        (asked.hash_seconds > 0, f"--hash-seconds {asked.hash_seconds} {lab_only}"),
        *(
            (limit == math.inf, f"--throttle-{scope} off {lab_only}")
            for scope, limit in asked.throttles()
        ),
        (
            any(network.prefixlen == 0 for network in asked.trusted),
            "--trust everybody: then each client says itself where it comes from; name the "
            "balancer's own address",
        ),
        *((True, f"--fault {fault} {lab_only}") for fault in asked.faults.active),
    ]


def database_url(environment: Mapping[str, str]) -> str:
    """`DATABASE_URL`, checked for shape only. Raises SettingsError."""
    url = environment.get("DATABASE_URL", "")
    example = "for example postgresql://auth:SECRET@127.0.0.1:5432/auth"
    if not url:
        raise SettingsError(f"DATABASE_URL is not set; {example}")
    try:
        parts: SplitResult | None = urlsplit(url)
        shaped = parts is not None and bool(parts.hostname or parts.query) and parts.port != 0
    except ValueError:
        parts, shaped = None, False
    if parts is None or not shaped or parts.scheme not in ("postgresql", "postgres"):
        raise SettingsError(f"DATABASE_URL is no PostgreSQL URL; {example}")
    return url


def database_name(url: str) -> str:
    """`HOST:PORT/DATABASE` of a checked URL: what a message may say, never the password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'local socket'}:{parts.port or 5432}{parts.path}"


def pepper(environment: Mapping[str, str]) -> bytes:
    """The secret mixed into every password before bcrypt. Raises SettingsError."""
    secret = _secret(environment, "AUTH_PEPPER")
    if secret is None:
        raise SettingsError(f"AUTH_PEPPER is not set, and has no default; give {_PEPPER_ADVICE}")
    return secret


def previous_pepper(environment: Mapping[str, str]) -> bytes | None:
    """The pepper before this one, while hashes under it remain. Raises SettingsError."""
    return _secret(environment, "AUTH_PEPPER_PREVIOUS")


def _secret(environment: Mapping[str, str], name: str) -> bytes | None:
    inline, file = environment.get(name), environment.get(f"{name}_FILE")
    if inline and file:
        raise SettingsError(f"{name} and {name}_FILE are both set; keep one")
    if file:
        try:
            secret = Path(file).read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise SettingsError(f"{name}_FILE {file}: {error.strerror}") from error
    else:
        secret = os.fsencode(inline or "")
    if not secret and not file:
        return None
    if len(secret) < PEPPER_BYTES:
        raise SettingsError(f"{name}: the pepper has {len(secret)} bytes; give {_PEPPER_ADVICE}")
    return secret
