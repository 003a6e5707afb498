"""Envoy with active probes and file-based dynamic configuration.

Envoy does not read its whole configuration again: a reload here is a new cluster (CDS) file that
is renamed into a watched directory. The listener stays as it is.
"""

from bench.faults.proxies.setting import Layout, Product, Setting


def cluster(layout: Layout, weight: int) -> str:
    """The file that is changed: endpoints, weights, probes."""
    endpoints = "\n".join(
        "      - endpoint: {address: {socket_address: "
        f"{{address: 127.0.0.1, port_value: {port}}}}}}}\n"
        f"        load_balancing_weight: {weight if n == 1 else 2}"
        for n, port in enumerate(layout.instances, start=1)
    )
    return f"""\
resources:
- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
  name: auth
  type: STATIC
  connect_timeout: 1s
  lb_policy: ROUND_ROBIN
  @cluster@
  health_checks:
  - timeout: 0.5s
    interval: 1s
    no_traffic_interval: 1s
    unhealthy_threshold: 2
    healthy_threshold: 2
    http_health_check: {{path: /readyz}}
  load_assignment:
    cluster_name: auth
    endpoints:
    - lb_endpoints:
{endpoints}
"""


def bootstrap(layout: Layout) -> str:
    """The file that stays: listener, routes, retry policy."""
    return f"""\
node: {{id: bench, cluster: bench}}
admin: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {layout.admin}}}}}}}
dynamic_resources:
  cds_config:
    resource_api_version: V3
    path_config_source:
      path: {layout.directory}/clusters.yaml
      watched_directory: {{path: {layout.directory}}}
static_resources:
  listeners:
  - name: clients
    address: {{socket_address: {{address: 127.0.0.1, port_value: {layout.listen}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.\
http_connection_manager.v3.HttpConnectionManager
          stat_prefix: clients
          route_config:
            validate_clusters: false  # the cluster comes by CDS
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {{prefix: /}}
                route:
                  cluster: auth
                  @route@
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
"""


def template(layout: Layout, weight: int) -> dict[str, str]:
    """envoy.yaml and clusters.yaml."""
    return {"envoy.yaml": bootstrap(layout), "clusters.yaml": cluster(layout, weight)}


ENVOY = Product(
    program="envoy",
    template=template,
    command=lambda program, layout: [
        program, "-c", str(layout.directory / "envoy.yaml"),
        "--concurrency", "1", "--use-dynamic-base-id", "--log-level", "info",
    ],
    reload_signal=None,
    reload_mark="cds: added/updated 1 cluster(s)",
)  # fmt: skip


def retries(retry_on: str) -> dict[str, str]:
    """A retry policy as Istio writes it: two more tries, each at another endpoint, and no bound
    on how many are under way (Envoy by itself allows 3, which these faults exceed at once)."""
    return {
        "cluster": "circuit_breakers: {thresholds: [{max_retries: 1000000}]}",
        "route": f"""\
timeout: 7s
                  retry_policy:
                    retry_on: {retry_on}
                    num_retries: 2
                    per_try_timeout: 2s
                    retry_host_predicate:
                    - name: envoy.retry_host_predicates.previous_hosts
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.retry.host.\
previous_hosts.v3.PreviousHostsPredicate
                    host_selection_retry_max_attempts: 5""",
    }


SETTINGS = (
    Setting("envoy", ENVOY, "as it comes: no retries", {"route": "timeout: 2s"}),
    Setting(
        "envoy connect-failure",
        ENVOY,
        "retry_on: connect-failure,refused-stream,unavailable,cancelled (Istio's default)",
        retries("connect-failure,refused-stream,unavailable,cancelled"),
        frozenset(["fault"]),
    ),
    Setting("envoy 5xx", ENVOY, "retry_on: 5xx", retries("5xx"), frozenset(["fault"])),
)
