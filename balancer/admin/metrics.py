"""Every metric of the balancer, declared once; read from the live counters when asked for."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from balancer import config as configuration
from balancer.core.endpoint import LATENCY_BUCKETS, Endpoint
from balancer.core.pool import Pool

if TYPE_CHECKING:
    from balancer.admin.change import Changes
    from balancer.net.proxy import Proxy


class Declared(NamedTuple):
    """A metric's name, labels, and why one would look at it."""

    name: str
    labels: tuple[str, ...]
    help: str


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
_DECLARED = {one.name: one for one in METRICS}


def _gauge(name: str) -> GaugeMetricFamily:
    one = _DECLARED[name]
    return GaugeMetricFamily(one.name, one.help, labels=one.labels)


def _counter(name: str) -> CounterMetricFamily:
    one = _DECLARED[name]
    return CounterMetricFamily(one.name.removesuffix("_total"), one.help, labels=one.labels)


class BalancerCollector(Collector):
    """Turns the live counters into Prometheus samples. Every series is there from the start."""

    def __init__(self, proxy: "Proxy", changes: "Changes") -> None:
        self._proxy = proxy
        self._changes = changes

    def collect(self) -> Iterator[Metric]:
        endpoints = list(self._proxy.table.endpoints())
        yield self._requests(endpoints)
        yield self._durations(endpoints)
        yield from self._gauges(endpoints)
        yield from self._guards(endpoints)
        yield from self._configuration()
        refused = _counter("lb_refused_total")
        for code, count in self._proxy.refused.items():
            refused.add_metric([str(code)], count)
        yield refused
        denied = _counter("lb_denied_total")
        denied.add_metric([], self._proxy.denied)
        yield denied
        connections = _gauge("lb_connections")
        clients = len(self._proxy.clients) + len(self._proxy.arriving)
        connections.add_metric(["client"], clients)
        connections.add_metric(["endpoint"], self._proxy.endpoint_connections)
        yield connections

    def _requests(self, endpoints: list[tuple[Pool, Endpoint]]) -> Metric:
        requests = _counter("lb_requests_total")
        for pool, endpoint in endpoints:
            for (outcome, code), count in endpoint.load.finished.items():
                requests.add_metric([pool.name, endpoint.name, code, outcome], count)
        for pool in self._proxy.table.pools.values():
            for (outcome, code), count in pool.unpicked.items():
                requests.add_metric([pool.name, "", code, outcome], count)
        return requests

    def _durations(self, endpoints: list[tuple[Pool, Endpoint]]) -> Metric:
        one = _DECLARED["lb_request_duration_seconds"]
        durations = HistogramMetricFamily(one.name, one.help, labels=one.labels)
        bounds = [*(str(float(bound)) for bound in LATENCY_BUCKETS), "+Inf"]
        for pool, endpoint in endpoints:
            running, buckets = 0, []
            for bound, count in zip(bounds, endpoint.load.bucket_counts, strict=True):
                running += count
                buckets.append((bound, running))
            durations.add_metric([pool.name, endpoint.name], buckets, endpoint.load.seconds)
        return durations

    def _gauges(self, endpoints: list[tuple[Pool, Endpoint]]) -> Iterator[Metric]:
        shares = self._proxy.table.expected_shares()
        attempts, in_flight = _counter("lb_attempts_total"), _gauge("lb_inflight")
        weight, share = _gauge("lb_endpoint_weight"), _gauge("lb_endpoint_expected_share")
        up, state = _gauge("lb_endpoint_up"), _gauge("lb_endpoint_state")
        for pool, endpoint in endpoints:
            labels = [pool.name, endpoint.name]
            attempts.add_metric(labels, endpoint.load.attempts)
            in_flight.add_metric(labels, endpoint.load.in_flight)
            weight.add_metric(labels, endpoint.weight)
            share.add_metric(labels, shares[pool.name][endpoint.name])
            up.add_metric(labels, float(endpoint.health.up))
            for name in ("active", "drain"):
                state.add_metric([*labels, name], float(endpoint.state == name))
        yield from (attempts, in_flight, weight, share, up, state)

    def _guards(self, endpoints: list[tuple[Pool, Endpoint]]) -> Iterator[Metric]:
        retries, ejections = _counter("lb_retries_total"), _counter("lb_ejections_total")
        ejected, warming = _gauge("lb_endpoint_ejected"), _gauge("lb_endpoint_warming")
        for pool, endpoint in endpoints:
            labels = [pool.name, endpoint.name]
            for reason, count in endpoint.load.retried.items():
                retries.add_metric([*labels, reason], count)
            for reason, count in endpoint.load.ejected.items():
                ejections.add_metric([*labels, reason], count)
            ejected.add_metric(labels, float(endpoint.health.ejected_until > 0))
            warming.add_metric(labels, float(pool.warms(endpoint)))
        yield from (retries, ejections, ejected, warming)
        refused, panic = _counter("lb_retries_refused_total"), _gauge("lb_panic")
        queue, overflow = _gauge("lb_queue"), _counter("lb_queue_refused_total")
        for pool in self._proxy.table.pools.values():
            refused.add_metric([pool.name], pool.retries.refused if pool.retries else 0)
            panic.add_metric([pool.name], float(pool.panicking))
            waiting = pool.waiting
            queue.add_metric([pool.name], waiting.live if waiting else 0)
            overflow.add_metric([pool.name], waiting.refused if waiting else 0)
        yield from (refused, panic, queue, overflow)

    def _configuration(self) -> Iterator[Metric]:
        reloads, table = self._changes.reloads, self._changes.table
        info = _gauge("lb_config_info")
        info.add_metric([table.hash], 1)
        yield info
        count = _counter("lb_config_reloads_total")
        for result in ("applied", "unchanged", "refused"):
            count.add_metric([result], getattr(reloads, result))
        yield count
        for name, value in [
            ("lb_config_last_reload_successful", float(reloads.last_successful)),
            ("lb_config_last_reload_success_timestamp_seconds", reloads.last_success.timestamp()),
            ("lb_config_warnings", len(configuration.warnings(table.config))),
        ]:
            gauge = _gauge(name)
            gauge.add_metric([], value)
            yield gauge
