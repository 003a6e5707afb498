"""The real nginx and Envoy, each asked whom it picks: one route for each case."""

import asyncio
import contextlib
import http.client
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from bench.cases import MOST_ENDPOINTS, Case, as_address
from bench.children import CannotRun, child, unused_ports
from bench.peers import Program

KEY = "X-Key"
"""The field that brings the key; nginx takes it for the client's address where that is hashed."""

NGINX = """\
{user}
worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr error;
events {{ }}
http {{
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path body;
  proxy_temp_path answers;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
{upstreams}
  server {{
    listen 127.0.0.1:{listen};
    set_real_ip_from 127.0.0.1;
    real_ip_header {key};
    proxy_next_upstream off;
{locations}
  }}
}}
"""
RULES = {
    "round_robin": "",
    "source_hash": "ip_hash;",
    "ring_hash": f"hash $http_{KEY.lower().replace('-', '_')} consistent;",
}


def nginx(found: Sequence[Case], listen: int, directory: Path, program: Program) -> list[str]:
    """Write its configuration; the command that starts it."""
    upstreams = "\n".join(
        f"  upstream pool{i} {{ {RULES[case.algorithm]} "
        + " ".join(
            f"server {address} weight={weight} max_fails=0;"
            for address, weight in zip(case.addresses, case.weights, strict=True)
        )
        + " }"
        for i, case in enumerate(found)
    )
    locations = "\n".join(
        f"    location = /{i} {{ proxy_pass http://pool{i}; }}" for i in range(len(found))
    )
    path = directory / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # else it could not write its files
    path.write_text(
        NGINX.format(
            user=user, upstreams=upstreams, listen=listen, key=KEY, locations=locations
        )
    )  # fmt: skip
    return [str(program.path), "-p", str(directory), "-c", str(path), "-e", "stderr"]


def envoy(found: Sequence[Case], listen: int, directory: Path, program: Program) -> list[str]:
    """Write its configuration; the command that starts it."""
    types = "type.googleapis.com/envoy.extensions.filters"
    routes = [
        {
            "match": {"path": f"/{i}"},
            "route": {"cluster": f"pool{i}", "hash_policy": [{"header": {"header_name": KEY}}]},
        }
        for i in range(len(found))
    ]
    manager = {
        "@type": f"{types}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "picks",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [
            {"name": "router", "typed_config": {"@type": f"{types}.http.router.v3.Router"}}
        ],
    }
    listener = {
        "name": "clients",
        "address": _address(f"127.0.0.1:{listen}"),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    resources = {
        "listeners": [listener],
        "clusters": [_cluster(f"pool{i}", case) for i, case in enumerate(found)],
    }
    path = directory / "envoy.json"
    path.write_text(json.dumps({"static_resources": resources}))
    options = ["--concurrency", "1", "--disable-hot-restart", "-l", "error"]
    return [str(program.path), "-c", str(path), *options]


def _cluster(name: str, case: Case) -> dict[str, object]:
    endpoints = [
        {"endpoint": {"address": _address(address)}, "load_balancing_weight": weight}
        for address, weight in zip(case.addresses, case.weights, strict=True)
    ]
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "lb_policy": "MAGLEV",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    }


def _address(text: str) -> dict[str, object]:
    host, _, port = text.rpartition(":")
    return {"socket_address": {"address": host, "port_value": int(port)}}


Starter = Callable[[Sequence[Case], int, Path, Program], list[str]]
DECIDERS: dict[str, Starter] = {"nginx": nginx, "envoy": envoy}


def ask(name: str, found: Sequence[Case], directory: Path, program: Program) -> Iterator[Case]:
    """Each case with the picks of the real program. Raises `CannotRun`."""
    (listen,) = unused_ports(1)
    argv = DECIDERS[name](found, listen, directory, program)
    with child(name, argv, directory / f"{name}.txt", environment=program.environment) as running:
        running.wait_until_answers(listen, "/nothing")
        connection = http.client.HTTPConnection("127.0.0.1", listen, timeout=10)
        with contextlib.closing(connection):
            for i, case in enumerate(found):
                yield replace(case, picks="".join(_asked(connection, i, case)))


def _asked(connection: http.client.HTTPConnection, number: int, case: Case) -> Iterator[str]:
    by_address = case.algorithm == "source_hash"
    for key in case.keys:
        text = as_address(key) if by_address else key.decode()
        connection.request("GET", f"/{number}", headers={KEY: text} if text else {})
        answer = connection.getresponse()
        body = answer.read().decode()
        if answer.status != 200:
            raise CannotRun(f"case {number} ({case.algorithm}): status {answer.status}, {body}")
        yield body


class _Named(asyncio.Protocol):
    """An endpoint that answers every request with its index."""

    def __init__(self, index: int) -> None:
        self._answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % index
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._head += data
        while b"\r\n\r\n" in self._head:
            self._head = self._head.partition(b"\r\n\r\n")[2]
            self._transport.write(self._answer)


@contextlib.contextmanager
def named_endpoints() -> Iterator[list[int]]:
    """As many endpoints as the largest case has, on a thread of their own; their ports."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen(index: int) -> int:
        server = await loop.create_server(lambda: _Named(index), "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    try:
        yield [
            asyncio.run_coroutine_threadsafe(listen(i), loop).result(5)
            for i in range(MOST_ENDPOINTS)
        ]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
