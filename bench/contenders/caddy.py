"""Caddy: one thread that runs Go code at a time."""

from bench.contenders.setup import KEPT, Command, Setup
from bench.peers import Program

CONFIGURATION = """\
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


def command(setup: Setup, program: Program) -> Command:
    """One thread that runs Go code at a time."""
    path = setup.directory / "Caddyfile"
    endpoints = " ".join(f"127.0.0.1:{port}" for port in setup.endpoints)
    path.write_text(CONFIGURATION.format(kept=KEPT, listen=setup.listen, endpoints=endpoints))
    argv = [str(program.path), "run", "--config", str(path), "--adapter", "caddyfile"]
    home = str(setup.directory)
    own = {"GOMAXPROCS": "1", "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}
    return Command(argv, program.environment | own)
