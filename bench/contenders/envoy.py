"""Envoy: one worker thread, beside its main thread, which is idle."""

import json

from bench.contenders.setup import KEPT, Command, Setup
from bench.peers import Program


def command(setup: Setup, program: Program) -> Command:
    """One worker thread (beside its main thread, which is idle)."""
    http = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    router = "envoy.extensions.filters.http.router.v3.Router"
    manager = {
        "@type": f"type.googleapis.com/{http}",
        "stat_prefix": "auth",
        "use_remote_address": True,
        "common_http_protocol_options": {"idle_timeout": f"{KEPT}s"},
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "auth",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "auth"}}],
                }
            ]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"type.googleapis.com/{router}"},
            }
        ],
    }
    listener = {
        "name": "clients",
        "address": _address(setup.listen),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    endpoints = [{"endpoint": {"address": _address(port)}} for port in setup.endpoints]
    cluster = {
        "name": "auth",
        "type": "STATIC",
        "connect_timeout": "1s",
        "lb_policy": "ROUND_ROBIN",
        "load_assignment": {"cluster_name": "auth", "endpoints": [{"lb_endpoints": endpoints}]},
    }
    path = setup.directory / "envoy.json"
    resources = {"listeners": [listener], "clusters": [cluster]}
    path.write_text(json.dumps({"static_resources": resources}))
    options = ["--concurrency", "1", "--disable-hot-restart", "-l", "error"]
    return Command([str(program.path), "-c", str(path), *options], program.environment)


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
