"""The rows of the tables: our algorithms, once alone and once guarded, and what they must match."""

import json
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from balancer.core.algorithms import ALGORITHMS
from bench.contenders.setup import Command, Setup
from bench.peers import Program

GUARDS: dict[str, Any] = {
    "ejection": {"consecutive": 3, "base": "2s"},
    "panic": 0.5,
    "slow_start": "3s",
    "limit": {"in_flight": 4},
    "retry": {},
}
"""All there are. Times are short, as the measurement is: else it would see one ejection at most."""
HEALTH = {"path": "/readyz", "interval": "500ms", "timeout": "500ms", "rise": 2, "fall": 2}

NGINX = """\
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream auth {{
    least_conn;
{endpoints}
    keepalive 64;
  }}
  server {{
    listen 127.0.0.1:{listen} backlog=1024;
    location / {{
      proxy_pass http://auth;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_connect_timeout 1s;
      proxy_next_upstream {again};
    }}
  }}
}}
"""
HAPROXY = """\
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout check 500ms
  timeout queue 1s
  option redispatch 1
frontend clients
  bind 127.0.0.1:{listen} backlog 1024
  default_backend auth
backend auth
  balance leastconn
  option httpchk GET /readyz
  default-server check inter 500ms fall 2 rise 2 slowstart 3s {guards}
{endpoints}
"""

Start = Callable[[Setup, Program | None], Command]


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the tables."""

    name: str
    start: Start
    program: str = ""
    """The program that it needs; none if it is ours."""
    judged: bool = True
    """Whether ours must be as good; not if it may execute a login twice."""

    @property
    def is_ours(self) -> bool:
        """Whether this is the balancer that the aim is held against."""
        return not self.program


def evenhand(algorithm: str, guarded: bool, setup: Setup, _: Program | None) -> Command:
    """Our balancer with one algorithm; guarded by all there is, or by probes alone."""
    pool: dict[str, Any] = {
        "name": "auth",
        "algorithm": algorithm,
        "endpoints": _named(setup),
        "health": HEALTH,
    }
    if algorithm == "sticky":
        secret = setup.directory / "secret"
        secret.write_text(secrets.token_hex(32))
        pool["sticky"] = {"secret_file": str(secret)}
    configuration = {
        "listen": f"127.0.0.1:{setup.listen}",
        "admin": {"listen": f"127.0.0.1:{setup.admin}"},
        "routes": [{"prefix": "/", "pool": "auth"}],
        "pools": [pool | (GUARDS if guarded else {})],
    }
    path = setup.directory / "balancer.yaml"
    path.write_text(json.dumps(configuration))  # JSON is YAML
    return Command([sys.executable, "-m", "evenhand", "balancer", "--config", str(path)])


def nginx(again: str, setup: Setup, program: Program | None) -> Command:
    """One worker. It has no probes: a failure counts for as long as two of the others' probes."""
    assert program is not None  # noqa: S101 # its row names the program
    path = setup.directory / "nginx.conf"
    endpoints = "\n".join(
        f"    server 127.0.0.1:{port} max_fails=1 fail_timeout=1s;" for port in setup.endpoints
    )
    path.write_text(NGINX.format(listen=setup.listen, endpoints=endpoints, again=again))
    argv = [str(program.path), "-p", str(setup.directory), "-c", str(path), "-e", "stderr"]
    return Command(argv, program.environment)


def haproxy(guards: str, setup: Setup, program: Program | None) -> Command:
    """One thread, with probes and slow start."""
    assert program is not None  # noqa: S101 # its row names the program
    path = setup.directory / "haproxy.cfg"
    endpoints = "\n".join(
        f"  server auth-{n} 127.0.0.1:{port}" for n, port in enumerate(setup.endpoints, start=1)
    )
    path.write_text(HAPROXY.format(listen=setup.listen, endpoints=endpoints, guards=guards))
    return Command([str(program.path), "-db", "-f", str(path)], program.environment)


def _named(setup: Setup) -> list[dict[str, str]]:
    return [
        {"name": f"auth-{n}", "address": f"127.0.0.1:{port}"}
        for n, port in enumerate(setup.endpoints, start=1)
    ]


CONTENDERS = {
    one.name: one
    for one in (
        *(
            Contender(f"{name}{' (guarded)' * guarded}", partial(evenhand, name, guarded))
            for name in ALGORITHMS
            for guarded in (False, True)
        ),
        Contender("nginx", partial(nginx, "error timeout"), "nginx"),
        Contender(
            "nginx (non_idempotent)",
            partial(nginx, "error timeout http_500 http_503 non_idempotent"),
            "nginx",
            judged=False,
        ),
        Contender("haproxy", partial(haproxy, ""), "haproxy"),
        Contender(
            "haproxy (guarded)",
            partial(haproxy, "maxconn 4 observe layer7 error-limit 3 on-error mark-down"),
            "haproxy",
        ),
    )
}
"""Every row, in the order of the tables. `--only NAME` takes a name with what is in brackets."""
