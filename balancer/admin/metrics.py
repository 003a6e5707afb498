"""Every metric of the balancer, declared once; read from the live counters when asked for."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from balancer import config as configuration
from balancer.core.endpoint import LATENCY_BUCKETS, Endpoint, Load
from balancer.core.pool import Pool

if TYPE_CHECKING:
    from balancer.admin.change import Changes
    from balancer.net.proxy import Proxy


class Declared(NamedTuple):
    """A metric's name, labels, and why one would look at it."""

    name: str
    labels: tuple[str, ...]
    help: str


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

BOUNDS = [*(str(float(bound)) for bound in LATENCY_BUCKETS), "+Inf"]

BY_ENDPOINT = ("pool", "endpoint")

METRICS = [
    Declared("lb_attempts_total", BY_ENDPOINT, "Attempts whose head was sent to the endpoint"),
    Declared(
        "lb_requests_total",
        (*BY_ENDPOINT, "code", "outcome"),
        "Exchanges that ended, by the code answered (empty: none) and how they ended",
    ),
    Declared("lb_request_duration_seconds", BY_ENDPOINT, "From the request's head to its end"),
    Declared("lb_inflight", BY_ENDPOINT, "Exchanges that the endpoint works on now"),
    Declared("lb_endpoint_weight", BY_ENDPOINT, "Weight in the configuration"),
    Declared(
        "lb_endpoint_expected_share", BY_ENDPOINT, "Share that the configuration means it to get"
    ),
    Declared("lb_endpoint_up", BY_ENDPOINT, "1 if its probes pass, or none are configured"),
    Declared(
        "lb_endpoint_state", (*BY_ENDPOINT, "state"), "1 for the state it is in: active, drain"
    ),
    Declared(
        "lb_retries_total",
        (*BY_ENDPOINT, "reason"),
        "Attempts that failed at this endpoint and were made once more elsewhere",
    ),
    Declared(
        "lb_retries_refused_total", ("pool",), "Retries that the retry budget had no room for"
    ),
    Declared(
        "lb_ejections_total", (*BY_ENDPOINT, "reason"), "Times that the endpoint was left out"
    ),
    Declared("lb_endpoint_ejected", BY_ENDPOINT, "1 while it is left out for failing requests"),
    Declared(
        "lb_endpoint_warming", BY_ENDPOINT, "1 while it grows into its share after coming back"
    ),
    Declared(
        "lb_panic", ("pool",), "1 while so few are up that probes and ejections are not believed"
    ),
    Declared("lb_queue", ("pool",), "Exchanges that wait for room at an endpoint"),
    Declared("lb_queue_refused_total", ("pool",), "Exchanges that found the queue full"),
    Declared("lb_refused_total", ("code",), "Requests that were answered without an exchange"),
    Declared("lb_denied_total", (), "Connections from denied networks, closed at once"),
    Declared("lb_connections", ("side",), "Open connections: to clients, to endpoints"),
    Declared("lb_config_info", ("hash",), "1 for the configuration that runs"),
    Declared("lb_config_last_reload_successful", (), "0 if the last change was refused"),
    Declared(
        "lb_config_last_reload_success_timestamp_seconds", (), "When the running one was applied"
    ),
    Declared("lb_config_reloads_total", ("result",), "Changes: applied, unchanged, refused"),
    Declared("lb_config_warnings", (), "Dangerous settings in the running configuration"),
]


class Page:
    """Prometheus's text format 0.0.4, line by line.

    Its client library takes 14 microseconds for a sample, and an endpoint has fifty: at a thousand
    endpoints 0.7 s, here a twentieth.
    """

    def __init__(self) -> None:
        self._lines = {
            one.name: [f"# HELP {one.name} {one.help}\n# TYPE {one.name} {_kind(one.name)}\n"]
            for one in METRICS
        }

    def add(self, name: str, labels: str, value: float, suffix: str = "") -> None:
        """A sample of a metric that is declared; for labels see `labelled`."""
        self._lines[name].append(f"{name}{suffix}{{{labels}}} {value}\n")

    def parts(self) -> Iterator[bytes]:
        """All of it, a metric's samples together; a thousand lines at a time."""
        for lines in self._lines.values():
            for begin in range(0, len(lines), 1000):
                yield "".join(lines[begin : begin + 1000]).encode()


def _kind(name: str) -> str:
    if name == "lb_request_duration_seconds":
        return "histogram"
    return "counter" if name.endswith("_total") else "gauge"


def labelled(**labels: str) -> str:
    """Labels as a sample has them between its braces."""
    escaped = (
        (name, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n"))
        for name, value in labels.items()
    )
    return ",".join(f'{name}="{value}"' for name, value in escaped)


def fill(page: Page, proxy: "Proxy", changes: "Changes") -> Iterator[None]:
    """Add a sample for every series there is, all from the start; a step for each endpoint."""
    shares = proxy.table.expected_shares()
    for pool, endpoint in proxy.table.endpoints():
        here = labelled(pool=pool.name, endpoint=endpoint.name)
        _load(page, here, endpoint.load)
        _state(page, here, pool, endpoint)
        page.add("lb_endpoint_expected_share", here, shares[pool.name][endpoint.name])
        yield
    for pool in proxy.table.pools.values():
        _pool(page, pool)
    _process(page, proxy)
    _configuration(page, changes)


def _load(page: Page, here: str, load: Load) -> None:
    for (outcome, code), count in load.finished.items():
        page.add("lb_requests_total", f'{here},code="{code}",outcome="{outcome}"', count)
    running = 0
    for bound, count in zip(BOUNDS, load.bucket_counts, strict=True):
        running += count
        page.add("lb_request_duration_seconds", f'{here},le="{bound}"', running, "_bucket")
    page.add("lb_request_duration_seconds", here, running, "_count")
    page.add("lb_request_duration_seconds", here, load.seconds, "_sum")
    page.add("lb_attempts_total", here, load.attempts)
    page.add("lb_inflight", here, load.in_flight)
    for reason, count in load.retried.items():
        page.add("lb_retries_total", f'{here},reason="{reason}"', count)
    for reason, count in load.ejected.items():
        page.add("lb_ejections_total", f'{here},reason="{reason}"', count)


def _state(page: Page, here: str, pool: Pool, endpoint: Endpoint) -> None:
    page.add("lb_endpoint_weight", here, endpoint.weight)
    page.add("lb_endpoint_up", here, int(endpoint.health.up))
    for name in ("active", "drain"):
        page.add("lb_endpoint_state", f'{here},state="{name}"', int(endpoint.state == name))
    page.add("lb_endpoint_ejected", here, int(endpoint.health.ejected_until > 0))
    page.add("lb_endpoint_warming", here, int(pool.warms(endpoint)))


def _pool(page: Page, pool: Pool) -> None:
    here = labelled(pool=pool.name)
    nowhere = labelled(pool=pool.name, endpoint="")
    for (outcome, code), count in pool.unpicked.items():
        page.add("lb_requests_total", f'{nowhere},code="{code}",outcome="{outcome}"', count)
    page.add("lb_retries_refused_total", here, pool.retries.refused if pool.retries else 0)
    page.add("lb_panic", here, int(pool.panicking))
    page.add("lb_queue", here, pool.waiting.live if pool.waiting else 0)
    refused = pool.waiting.refused if pool.waiting else 0
    page.add("lb_queue_refused_total", here, refused)


def _process(page: Page, proxy: "Proxy") -> None:
    for code, count in proxy.refused.items():
        page.add("lb_refused_total", labelled(code=str(code)), count)
    page.add("lb_denied_total", "", proxy.denied)
    clients = len(proxy.clients) + len(proxy.arriving)
    page.add("lb_connections", labelled(side="client"), clients)
    page.add("lb_connections", labelled(side="endpoint"), proxy.endpoint_connections)


def _configuration(page: Page, changes: "Changes") -> None:
    reloads, table = changes.reloads, changes.table
    page.add("lb_config_info", labelled(hash=table.hash), 1)
    for result in ("applied", "unchanged", "refused"):
        count = getattr(reloads, result)
        page.add("lb_config_reloads_total", labelled(result=result), count)
    page.add("lb_config_last_reload_successful", "", int(reloads.last_successful))
    applied = reloads.last_success.timestamp()
    page.add("lb_config_last_reload_success_timestamp_seconds", "", applied)
    page.add("lb_config_warnings", "", len(configuration.warnings(table.config)))
