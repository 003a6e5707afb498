"""What a local stack consists of: its options, its addresses, its parts as data. Starts nothing."""

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml

from loadtest import readiness
from loadtest.parts import Part
from loadtest.ports import HIGHEST_BASE, LOOPBACK, MOST_INSTANCES, Ports

CHECKOUT = Path(__file__).parent.parent
RULES = CHECKOUT / "ops" / "alerts"
UNBOUNDED: Literal["unbounded"] = "unbounded"
POOL = "auth"
# Secrets and settings of the person who runs us that no part may inherit by accident.
NOT_INHERITED = ("DATABASE_URL", "AUTH_PEPPER", "AUTH_PEPPER_FILE")


@dataclass(frozen=True, kw_only=True)
class StackOptions:
    """How a local stack is to be. Raises ValueError for what could not work.

    `weights` gives endpoints another weight than 1 in the first configuration; `compress` divides
    the windows of the alert rules; `fsync=False` is for throw-away databases.
    """

    port_base: int = 8080
    instances: int = 5
    hash_queue: int | Literal["unbounded"] = 9
    abandoned: Literal["drop", "finish"] = "drop"
    hash_seconds: float = 0.1
    compress: int = 30
    users: int = 200
    weights: Mapping[str, int] = field(default_factory=dict)
    keep: bool = False
    fsync: bool = True
    guards: bool = True
    """Whether the balancer ejects, retries, panics and starts slowly. The postmortem's did not."""
    database_url: str | None = field(
        default_factory=lambda: os.environ.get("DATABASE_URL"), repr=False
    )
    """A database of your own; None starts one."""

    def __post_init__(self) -> None:
        if not 1 <= self.port_base <= HIGHEST_BASE:
            raise ValueError(f"port base {self.port_base}: give one from 1 to {HIGHEST_BASE}")
        if not 1 <= self.instances <= MOST_INSTANCES:
            raise ValueError(f"{self.instances} instances: give 1 to {MOST_INSTANCES}")
        if unknown := set(self.weights) - set(self.names):
            raise ValueError(f"no endpoint {sorted(unknown)}; there are: {', '.join(self.names)}")

    @property
    def names(self) -> list[str]:
        """The instances' names, as endpoints and in `X-Served-By`."""
        return [f"auth-{i}" for i in range(1, self.instances + 1)]

    @property
    def ports(self) -> Ports:
        """Where everything listens."""
        return Ports(self.port_base)

    @property
    def addresses(self) -> dict[str, str]:
        """The URL of every listener that speaks HTTP, by name; `NAME private` for instances."""
        wanted = self.ports.by_part(self.instances, own_postgres=False)
        return {name: f"http://{LOOPBACK}:{port}" for name, port in wanted.items()}

    @property
    def capacity(self) -> float:
        """Logins a second that one instance can do: emulated, one hash slot."""
        return 1 / self.hash_seconds


@dataclass(frozen=True)
class Files:
    """Files in the run directory that parts are pointed at."""

    balancer_config: Path
    audit: Path
    pepper: Path
    seeded: Path
    """What `authsvc seed --json` prints: the lab's users and their password."""


GUARDS = {
    "ejection": {"consecutive": 5, "base": "10s"},
    "panic": 0.5,
    "slow_start": "10s",
    "retry": {"attempts": 2},
}
"""What a stack is guarded by. No `limit`: what an instance can do is what its hash queue is for."""


def balancer_yaml(options: StackOptions, admin_token: str) -> str:
    """The balancer's first configuration: every endpoint in one pool, round robin, probed."""
    ports = options.ports
    endpoints = [
        {
            "name": name,
            "address": f"{LOOPBACK}:{ports.service(i)}",
            "weight": options.weights.get(name, 1),
        }
        for i, name in enumerate(options.names, start=1)
    ]
    health = {"path": "/readyz", "interval": "1s", "timeout": "1s", "rise": 2, "fall": 3}
    digest = hashlib.sha256(admin_token.encode()).hexdigest()
    return yaml.safe_dump(
        {
            "listen": f"{LOOPBACK}:{ports.balancer}",
            "admin": {
                "listen": f"{LOOPBACK}:{ports.admin}",
                "tokens": [{"name": "operator", "sha256": digest}],
            },
            "routes": [{"prefix": "/", "pool": POOL}],
            "pools": [
                {
                    "name": POOL,
                    "algorithm": "round_robin",
                    "endpoints": endpoints,
                    "health": health,
                    **(GUARDS if options.guards else {}),
                }
            ],
        },
        sort_keys=False,
    )


def environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What every part gets: ours, less the secrets and what would point it at another Postgres."""
    return {
        name: value
        for name, value in environ.items()
        if name not in NOT_INHERITED and not name.startswith("PG")
    }


def evenhand(*arguments: str) -> tuple[str, ...]:
    """The command line of one of our own parts, with the Python that runs us."""
    return (sys.executable, "-m", "evenhand", *arguments)


def parts(
    options: StackOptions, files: Files, database_url: str, database: tuple[str, ...]
) -> list[list[Part]]:
    """Every part but Postgres, in stages; `database` names the parts that must be ready first."""
    secret = {"DATABASE_URL": database_url, "AUTH_PEPPER_FILE": str(files.pepper)}
    env = environment()
    migrate = Part("migrate", evenhand("authsvc", "migrate"), env | secret, after=database)
    seed = Part(
        "seed",
        evenhand("authsvc", "seed", "--users", str(options.users), "--json"),
        env | secret,
        after=(migrate.name,),
        output=files.seeded,
    )
    instances = [
        _instance(options, i, env | secret, migrate) for i in range(1, options.instances + 1)
    ]
    balancer = _balancer(options, files, env)
    return [[migrate, seed], instances, [balancer], [_monitor(options, env)]]


def _instance(options: StackOptions, i: int, env: Mapping[str, str], migrate: Part) -> Part:
    name = options.names[i - 1]
    service, private = options.ports.service(i), options.ports.private(i)
    argv = evenhand(
        *("authsvc", "serve", "--name", name, "--profile", "lab"),
        *("--listen", f"{LOOPBACK}:{service}", "--private", f"{LOOPBACK}:{private}"),
        *("--hash-seconds", str(options.hash_seconds), "--hash-queue", str(options.hash_queue)),
        *("--abandoned", options.abandoned, "--trust", f"{LOOPBACK}/32"),  # the balancer
    )
    ready = readiness.answers(f"{options.addresses[name]}/readyz")
    return Part(name, argv, env, ready, after=(migrate.name,))


def _balancer(options: StackOptions, files: Files, env: Mapping[str, str]) -> Part:
    """It starts after the instances, or its first probes would fail and cost seconds."""
    argv = evenhand("balancer", "--config", str(files.balancer_config), "--audit", str(files.audit))
    ready = readiness.every_endpoint_up(options.addresses["balancer admin"])
    return Part("balancer", argv, env, ready, after=tuple(options.names))


def _monitor(options: StackOptions, env: Mapping[str, str]) -> Part:
    """It starts last: a target that is not up yet would make its first alert a false one."""
    urls = options.addresses
    jobs = {"balancer/balancer": urls["balancer admin"]} | {
        f"authsvc/{name}": urls[f"{name} private"] for name in options.names
    }
    targets = [word for job, url in jobs.items() for word in ("--target", f"{job}={url}/metrics")]
    argv = evenhand(
        *("monitor", "--listen", f"{LOOPBACK}:{options.ports.monitor}", *targets),
        *("--rules", str(RULES), "--compress", str(options.compress)),
    )
    ready = readiness.answers(f"{urls['monitor']}/readyz")
    return Part("monitor", argv, env, ready, after=("balancer",))
