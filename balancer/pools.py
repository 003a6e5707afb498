"""What a pool's settings look like: its endpoints, its algorithm, and the guards around it.

Each guard is off unless its key is there; the defaults count once it is.
"""

import re
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field

from balancer.core.algorithms import DEFAULT_ALGORITHM
from balancer.core.guards import Guards
from balancer.core.hash_key import hash_key
from balancer.fields import At, Name, Seconds
from balancer.schema import Strict

Share = Annotated[float, Field(gt=0, le=1)]


class Statuses(NamedTuple):
    """Statuses from the least to the most, both included."""

    least: int
    most: int

    def __str__(self) -> str:
        return str(self.least) if self.least == self.most else f"{self.least}-{self.most}"


def statuses(value: object) -> Statuses:
    """Statuses from `200-299` or `204`; raises ValueError."""
    match = re.fullmatch(r"([1-5]\d\d)(?:-([1-5]\d\d))?", str(value))
    if match is None or int(match[1]) > int(match[2] or match[1]):
        raise ValueError(f"'{value}' is no status; write it like 200 or 200-299")
    return Statuses(int(match[1]), int(match[2] or match[1]))


def _key(text: str) -> str:
    hash_key(text)
    return text


class Health(Strict):
    """Active probes: GET `path` every `interval`; `fall` failures turn down, `rise` passes up."""

    path: Annotated[str, Field(pattern=r"^/[!-~]*$")] = "/readyz"
    status: Annotated[Statuses, BeforeValidator(statuses)] = Statuses(200, 299)
    """Statuses that pass."""
    interval: Seconds = 2.0
    """HAProxy's. A dead endpoint is found after `fall` intervals."""
    jitter: Annotated[float, Field(ge=0, le=1)] = 0.1
    """The share of an interval by which each varies, so that many balancers do not probe as one."""
    timeout: Seconds = 1.0
    rise: Annotated[int, Field(ge=1, le=100)] = 2
    fall: Annotated[int, Field(ge=1, le=100)] = 3


class SuccessRate(Strict):
    """Eject who succeeds far less often than the others. Envoy's factors."""

    endpoints: Annotated[int, Field(ge=3, le=1000)] = 5
    """With fewer to compare, nobody is ejected for this: one outlier of four moves the mean so far
    that it is never 1.9 deviations away."""
    requests: Annotated[int, Field(ge=1, le=1_000_000)] = 50
    """An endpoint with fewer in an interval is not compared: Envoy asks for 100 in 10 s."""
    deviations: Annotated[float, Field(gt=0, le=10)] = 1.9


class Ejection(Strict):
    """Leave out endpoints that fail real requests: no answer, or a 5xx."""

    consecutive: Annotated[int, Field(ge=1, le=1000)] = 5
    """Failures in a row: Envoy's. One is chance, five are not."""
    interval: Seconds = 10.0
    """Between two comparisons of success rates."""
    base: Seconds = 10.0
    """For the first ejection; each further one is longer by as much. Envoy's 30 s are long for a
    pool of five, where each one missing costs a fifth."""
    most: Seconds = 300.0
    share: Share = 0.5
    """Of the endpoints at most, but always one: what fails everywhere is not the endpoints."""
    success_rate: SuccessRate | None = None


class Limit(Strict):
    """How much one endpoint carries at once; what is more waits for room, but not for long."""

    in_flight: Annotated[int, Field(ge=1, le=1_000_000)]
    """For one endpoint. No default: it is what the endpoint can do."""
    queue: Annotated[int, Field(ge=0, le=1_000_000)] = 128
    """Exchanges of the pool that wait; one more gets 503 at once."""
    wait: Seconds = 1.0
    """Then 503: a login that is answered after its client has left is work for nothing."""


class Retry(Strict):
    """Make an attempt once more elsewhere, where that is safe."""

    attempts: Annotated[int, Field(ge=2, le=10)] = 2
    """In all. A second one finds another endpoint; a third mostly finds the same trouble."""
    budget: Share = 0.2
    """Retries for one request, over ten seconds: Finagle's and Envoy's share."""
    floor: Annotated[float, Field(ge=0, le=1000)] = 3.0
    """Retries a second that are granted in any case, for a pool that is quiet."""


class Sticky(Strict):
    """A signed cookie keeps a client at its endpoint; for `algorithm: sticky`."""

    cookie: Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$")] = "evenhand"
    secret_file: Annotated[str, Field(min_length=1)]
    """A file with at least 32 octets that nobody can guess; the same for every replica."""


class EndpointConfig(Strict):
    """One endpoint; named by its address unless it is given a name."""

    name: Name = ""
    address: At
    weight: Annotated[int, Field(ge=0, le=65535)] = 1
    state: Literal["active", "drain"] = "active"

    @property
    def label(self) -> str:
        """Its name in metrics, shares and messages."""
        return self.name or str(self.address)


class PoolConfig(Strict):
    """A named set of endpoints and the algorithm that picks among them."""

    name: Name
    algorithm: str = DEFAULT_ALGORITHM
    endpoints: Annotated[list[EndpointConfig], Field(min_length=1)]
    key: Annotated[str, AfterValidator(_key)] = "source"
    """What hashes hash: `source`, `path`, `header:NAME` or `cookie:NAME`. Where a request has none,
    its source counts: a constant would send all of those to one endpoint."""
    bound: Annotated[float, Field(ge=1, le=100)] = 1.25
    """For `bounded_hash`: no endpoint carries so many times its share of what is in flight; HAProxy
    advises 1.25 to 2."""
    sticky: Sticky | None = None
    health: Health | None = None
    ejection: Ejection | None = None
    panic: Share | None = None
    """With less than this share ready, probes and ejections are not believed: Envoy's is 0.5."""
    slow_start: Seconds | None = None
    """For an endpoint that came back, to grow into its share: longer than its caches need."""
    limit: Limit | None = None
    retry: Retry | None = None

    def guards(self) -> Guards:
        """What the core needs to know of them."""
        return Guards(self.ejection, self.panic, self.slow_start, self.limit, self.retry)
