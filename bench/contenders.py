"""The proxies that are compared, each told to do the same with one core.

The same for all: four endpoints in turn; connections kept on both sides, for as many requests as
come; X-Forwarded-For and a request id added; no access log (unless the row says so).
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.peers import Program

KEPT = 300
"""Seconds for which idle connections are kept: longer than any measurement."""


@dataclass(frozen=True)
class Setup:
    """What a contender is to do: where to listen and pass on to, and where its files go."""

    listen: int
    admin: int
    endpoints: list[int]
    directory: Path
    buffering: bool = True
    """Whether nginx may read an answer ahead of its client, as it does unless told not to."""


@dataclass(frozen=True)
class Command:
    """How a contender is started."""

    argv: list[str]
    environment: dict[str, str] = field(default_factory=dict)


Starter = Callable[[Setup, Program], Command]


def evenhand(setup: Setup, log: bool = False) -> Command:
    """This project's balancer, with metrics, probes, deadlines and request ids."""
    configuration = {
        "listen": f"127.0.0.1:{setup.listen}",
        "admin": {"listen": f"127.0.0.1:{setup.admin}"},
        "routes": [{"prefix": "/", "pool": "auth"}],
        "pools": [
            {
                "name": "auth",
                "algorithm": "round_robin",
                "endpoints": [{"address": f"127.0.0.1:{port}"} for port in setup.endpoints],
                "health": {"path": "/readyz"},
            }
        ],
        "timeouts": {"idle": KEPT},
    }
    if log:
        configuration["access_log"] = {
            "path": str(setup.directory / "access.log"),
            "sample": 1.0,
        }
    path = setup.directory / "balancer.yaml"
    path.write_text(json.dumps(configuration))  # JSON is YAML
    return Command([sys.executable, "-m", "evenhand", "balancer", "--config", str(path)])


def aiohttp(setup: Setup) -> Command:
    """A proxy written with aiohttp's server and client."""
    ports = [str(port) for port in (setup.listen, *setup.endpoints)]
    return Command([sys.executable, "-m", "bench.aiohttp_proxy", *ports])


NGINX = """\
{user}
worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr error;
worker_rlimit_nofile 40000;
events {{ worker_connections 25000; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout {kept}s;
  client_body_temp_path body;
  proxy_temp_path answers;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream auth {{
{endpoints}
    keepalive 256;
    keepalive_requests 1000000000;
    keepalive_timeout {kept}s;
  }}
  server {{
    listen 127.0.0.1:{listen} backlog=4096;
    location / {{
      proxy_pass http://auth;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-Id $request_id;
      proxy_buffering {buffering};
      proxy_max_temp_file_size 1m;
    }}
  }}
}}
"""


def nginx(setup: Setup, program: Program) -> Command:
    """One worker below its master."""
    path = setup.directory / "nginx.conf"
    path.write_text(
        NGINX.format(
            user="user root;" if os.geteuid() == 0 else "",  # else it could not write its files
            kept=KEPT,
            listen=setup.listen,
            endpoints="\n".join(f"    server 127.0.0.1:{port};" for port in setup.endpoints),
            buffering="on" if setup.buffering else "off",
        )
    )
    argv = [str(program.path), "-p", str(setup.directory), "-c", str(path), "-e", "stderr"]
    return Command(argv, program.environment)


HAPROXY = """\
global
  nbthread 1
  no strict-limits
  maxconn 12000
defaults
  mode http
  timeout connect 1s
  timeout client {kept}s
  timeout server 60s
  timeout http-keep-alive {kept}s
  option forwardfor
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  http-reuse always
frontend clients
  bind 127.0.0.1:{listen} backlog 4096
  default_backend auth
backend auth
  balance roundrobin
{endpoints}
"""


def haproxy(setup: Setup, program: Program) -> Command:
    """One thread."""
    path = setup.directory / "haproxy.cfg"
    endpoints = "\n".join(f"  server e{port} 127.0.0.1:{port}" for port in setup.endpoints)
    path.write_text(HAPROXY.format(kept=KEPT, listen=setup.listen, endpoints=endpoints))
    return Command([str(program.path), "-db", "-f", str(path)], program.environment)


def envoy(setup: Setup, program: Program) -> Command:
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
        "address": _envoy_address(setup.listen),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    endpoints = [{"endpoint": {"address": _envoy_address(port)}} for port in setup.endpoints]
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


def _envoy_address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


CADDY = """\
{{
  admin off
  auto_https off
  persist_config off
  log {{
    level ERROR
  }}
  servers {{
    timeouts {{
      idle {kept}s
    }}
  }}
}}
http://:{listen} {{
  bind 127.0.0.1
  reverse_proxy {endpoints} {{
    lb_policy round_robin
    header_up X-Request-Id {{http.request.uuid}}
    transport http {{
      keepalive {kept}s
      keepalive_idle_conns_per_host 256
    }}
  }}
}}
"""


def caddy(setup: Setup, program: Program) -> Command:
    """One thread that runs Go code at a time."""
    path = setup.directory / "Caddyfile"
    endpoints = " ".join(f"127.0.0.1:{port}" for port in setup.endpoints)
    path.write_text(CADDY.format(kept=KEPT, listen=setup.listen, endpoints=endpoints))
    argv = [str(program.path), "run", "--config", str(path), "--adapter", "caddyfile"]
    home = str(setup.directory)
    own = {"GOMAXPROCS": "1", "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}
    return Command(argv, program.environment | own)


PEERS: dict[str, Starter] = {"nginx": nginx, "haproxy": haproxy, "envoy": envoy, "caddy": caddy}
"""Programs that are not ours, each by the name that `bench.peers` finds it under."""
