"""The rows in Python: this project's balancer, and a proxy written with aiohttp."""

import json
import sys
from typing import Any

from bench.contenders.setup import KEPT, Command, Setup
from bench.interpreter import Interpreter

GUARDS = {
    "ejection": {"consecutive": 5, "success_rate": {}},
    "panic": 0.5,
    "slow_start": "30s",
    "limit": {"in_flight": 64},
    "retry": {"attempts": 2},
}


def evenhand(setup: Setup, extra: str = "", python: Interpreter | None = None) -> Command:
    """This project's balancer, with metrics, probes, deadlines and request ids.

    `extra` is `log` for an access log of every exchange, `guards` for all guards at once.
    """
    configuration: dict[str, Any] = {
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
    if extra == "guards":
        configuration["pools"][0] |= GUARDS
    if extra == "log":
        configuration["access_log"] = {
            "path": str(setup.directory / "access.log"),
            "sample": 1.0,
        }
    path = setup.directory / "balancer.yaml"
    path.write_text(json.dumps(configuration))  # JSON is YAML
    argv = ["-m", "evenhand", "balancer", "--config", str(path)]
    if python is None:
        return Command([sys.executable, *argv])
    return Command([str(python.path), *argv], python.environment)


def aiohttp(setup: Setup) -> Command:
    """A proxy written with aiohttp's server and client."""
    ports = [str(port) for port in (setup.listen, *setup.endpoints)]
    return Command([sys.executable, "-m", "bench.aiohttp_proxy", *ports])
