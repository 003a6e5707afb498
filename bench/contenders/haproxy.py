"""HAProxy: one thread."""

from bench.contenders.setup import KEPT, Command, Setup
from bench.peers import Program

CONFIGURATION = """\
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


def command(setup: Setup, program: Program) -> Command:
    """One thread."""
    path = setup.directory / "haproxy.cfg"
    endpoints = "\n".join(f"  server e{port} 127.0.0.1:{port}" for port in setup.endpoints)
    path.write_text(CONFIGURATION.format(kept=KEPT, listen=setup.listen, endpoints=endpoints))
    return Command([str(program.path), "-db", "-f", str(path)], program.environment)
