"""The balancer's configuration: its shape, its rules, and messages that a person can act on.

A wrong file is refused with every problem named. What is legal but dangerous is not refused: it is
told by `warnings`, so that the outages stay reproducible and the gate has something to catch.
"""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from balancer.core.algorithms import ALGORITHMS
from balancer.fields import At, Name, Networks, Octets, Seconds, is_loopback
from balancer.pools import PoolConfig
from balancer.schema import Strict, validate
from balancer.source import ConfigError, Place, read, read_file

Role = Literal["viewer", "operator"]


class Token(Strict):
    """Who may use the admin listener: a name for the audit trail, a token's hash, and a role."""

    name: Name
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    role: Role = "operator"
    """A viewer reads; an operator changes what runs, too."""


class Admin(Strict):
    """The admin listener. Without tokens it serves reads and metrics only."""

    listen: At
    tokens: Annotated[list[Token], Field(default_factory=list)]

    @property
    def reads_need_token(self) -> bool:
        """Without tokens, whoever can run a process on this machine may read; nobody else."""
        return bool(self.tokens) or not is_loopback(self.listen.host)


class RouteConfig(Strict):
    """Host (any, if left out) and path prefix, and the pool they lead to."""

    host: Annotated[str, Field(pattern=r"^[a-z0-9.-]+$")] | None = None
    prefix: Annotated[str, Field(pattern=r"^/[!-~]*$")] = "/"
    pool: Name


class Timeouts(Strict):
    """Deadlines. Swept once a tick, so each may run over by up to a quarter of a second."""

    head: Seconds = 10.0
    """For a client to send a whole head: long for a phone, short for a slowloris."""
    body: Seconds = 60.0
    """For a client to send a whole body: 1 MiB at the 140 kbit/s of a bad mobile network."""
    connect: Seconds = 1.0
    """To an endpoint: loopback and data centre networks take milliseconds."""
    answer: Seconds = 60.0
    """From the request's end to the answer's head: nginx's proxy_read_timeout."""
    between: Seconds = 30.0
    """Between two moments at which octets of an answer move on, on either side: a reader that
    takes nothing for so long has gone, and so has an endpoint that sends nothing."""
    exchange: Seconds = 600.0
    """For a whole exchange, however it drips: ten minutes carry 50 MB at 0.7 Mbit/s."""
    tunnel: Seconds = 3600.0
    """Between octets of a WebSocket: HAProxy's documentation advises an hour."""
    idle: Seconds = 60.0
    """For a client's keep-alive connection without a request."""
    endpoint_idle: Seconds = 30.0
    """For a warm connection to an endpoint; must be below the endpoint's own limit."""


class Limits(Strict):
    """How much one client may ask for. What is more is refused, by the status given here."""

    head: Octets = 32 * 1024
    """Octets of a request's head (431): Envoy allows 60 KiB, nginx 32, HAProxy 16."""
    fields: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Header fields in a request (431): HAProxy's limit is 101, Envoy's 100."""
    body: Octets = 1024**2
    """Octets of a request's body (413): nginx's client_max_body_size; a login has 60."""
    connections: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000
    """Clients' connections at once (503): about 200 MB of memory at 10 KiB each."""
    requests: Annotated[int, Field(ge=1, le=1_000_000_000)] = 10_000
    """Requests on one connection, which then closes, so that clients spread anew after a change
    of replicas: nginx's keepalive_requests is 1000, Envoy's unlimited."""


class Tls(Strict):
    """TLS on the clients' side. The files are read again at every reload."""

    certificate: Annotated[str, Field(min_length=1)]
    """A PEM file: the certificate, then its chain."""
    key: Annotated[str, Field(min_length=1)]
    """A PEM file: the private key."""


class AccessLog(Strict):
    """One JSON line for each exchange, written a few times a second."""

    path: Annotated[str, Field(min_length=1)]
    """A file, opened again at every reload; `-` is standard output."""
    sample: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The share of exchanges that is logged; those that failed always are."""


class Config(Strict):
    """A whole configuration, as one YAML file has it."""

    listen: At
    tls: Tls | None = None
    proxy_protocol: Networks
    """Peers that announce the real client by a PROXY protocol header; they must."""
    trusted: Networks
    """Peers whose X-Forwarded-* and Forwarded fields are believed."""
    deny: Networks
    """Clients whose connections are closed at once."""
    admin: Admin | None = None
    routes: Annotated[list[RouteConfig], Field(min_length=1)]
    pools: Annotated[list[PoolConfig], Field(min_length=1)]
    timeouts: Timeouts = Timeouts()
    limits: Limits = Limits()
    access_log: AccessLog | None = None


def parse(text: str, source: str = "config") -> Config:
    """The configuration in a YAML text; raises `ConfigError` with every problem found."""
    document = read(text, source)
    config = validate(document, Config)
    problems = [document.problem(place, message) for place, message in _contradictions(config)]
    if problems:
        raise ConfigError(source, problems)
    return config


def load(path: Path) -> tuple[Config, str]:
    """The configuration in a file, and its text; raises `ConfigError`."""
    text = read_file(path)
    return parse(text, str(path)), text


def _contradictions(config: Config) -> Iterator[tuple[Place, str]]:
    """What each field allows by itself but the whole does not."""
    pools = [pool.name for pool in config.pools]
    for i, route in enumerate(config.routes):
        if route.pool not in pools:
            yield ("routes", i, "pool"), f"no pool '{route.pool}'; there are: {', '.join(pools)}"
    yield from _repeated(pools, "pools", ())
    for i, pool in enumerate(config.pools):
        here: Place = ("pools", i)
        if pool.algorithm not in ALGORITHMS:
            near = difflib.get_close_matches(pool.algorithm, ALGORITHMS, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            message = f"no algorithm '{pool.algorithm}'; {hint}there are: {', '.join(ALGORITHMS)}"
            yield (*here, "algorithm"), message
        if pool.algorithm == "source_hash" and pool.key != "source":
            message = "source_hash hashes addresses; for another key use ring_hash or rendezvous"
            yield (*here, "key"), message
        if (pool.algorithm == "sticky") is not (pool.sticky is not None):
            message = "`algorithm: sticky` and `sticky: {secret_file: …}` go together; give both"
            yield (*here, "sticky" if pool.sticky else "algorithm"), message
        yield from _repeated([one.label for one in pool.endpoints], "endpoints", here)
        seen: set[str] = set()
        for j, text in enumerate(str(one.address) for one in pool.endpoints):
            if text in seen:
                message = f"{text} is in this pool already; give one endpoint a higher weight"
                yield (*here, "endpoints", j, "address"), message
            seen.add(text)
    if config.admin is not None:
        if config.admin.listen == config.listen:
            yield ("admin", "listen"), "the same as listen; give the admin listener its own port"
        yield from _repeated([token.name for token in config.admin.tokens], "tokens", ("admin",))


def _repeated(names: list[str], key: str, place: Place) -> Iterator[tuple[Place, str]]:
    seen: set[str] = set()
    for i, name in enumerate(names):
        if name in seen:
            yield (*place, key, i), f"the name '{name}' was given before"
        seen.add(name)


def warnings(config: Config) -> list[str]:
    """What is legal and dangerous: applied as asked, but told to whoever asks for it."""
    found = []
    for pool in config.pools:
        wanted = [one for one in pool.endpoints if one.state == "active" and one.weight > 0]
        weights = [one.weight for one in wanted]
        if not wanted:
            found.append(f"pool {pool.name}: no endpoint takes traffic; every request gets 503")
        elif max(weights) > 4 * min(weights):
            heavy = max(wanted, key=lambda one: one.weight)
            share = heavy.weight / sum(weights)
            found.append(
                f"pool {pool.name}: {heavy.label} has weight {heavy.weight} and another has "
                f"{min(weights)}, so it gets {share:.0%} of the attempts; are they in one unit?"
            )
        if pool.health is None and len(pool.endpoints) > 1:
            found.append(f"pool {pool.name}: no health checks; a dead endpoint keeps its share")
        elif pool.health is not None and pool.health.timeout > pool.health.interval:
            found.append(f"pool {pool.name}: probes overlap, since timeout is above interval")
    if config.admin is not None and config.admin.reads_need_token and not config.admin.tokens:
        found.append(
            f"admin.listen: {config.admin.listen} is not loopback and there is no token, so it "
            "serves /livez and /metrics only; add admin.tokens to see and change more"
        )
    return found
