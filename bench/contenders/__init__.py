"""The proxies that are compared, each told to do the same with one core.

The same for all: four endpoints in turn; connections kept on both sides, for as many requests as
come; X-Forwarded-For and a request id added; no access log (unless the row says so).
"""

from bench.contenders import caddy, envoy, haproxy, nginx
from bench.contenders.python import aiohttp, evenhand
from bench.contenders.setup import Command, Setup, Starter

__all__ = ["PEERS", "Command", "Setup", "aiohttp", "evenhand"]

PEERS: dict[str, Starter] = {
    "nginx": nginx.command,
    "haproxy": haproxy.command,
    "envoy": envoy.command,
    "caddy": caddy.command,
}
"""Programs that are not ours, each by the name that `bench.peers` finds it under."""
