"""HAProxy in master-worker mode, with active probes."""

import signal

from bench.faults.proxies.setting import Layout, Product, Setting


def template(layout: Layout, weight: int) -> dict[str, str]:
    """haproxy.cfg."""
    servers = "\n".join(
        f"  server auth-{n} 127.0.0.1:{port} weight {weight if n == 1 else 2}"
        for n, port in enumerate(layout.instances, start=1)
    )
    milliseconds = round(layout.answer_timeout * 1000)
    return {
        "haproxy.cfg": f"""\
global
  nbthread 1
  maxconn 8192
  stats socket {layout.directory}/haproxy.sock mode 600 level admin expose-fd listeners
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server {milliseconds}ms
  timeout check 500ms
  @defaults@
frontend clients
  bind 127.0.0.1:{layout.listen}
  @frontend@
  default_backend auth
backend auth
  balance roundrobin
  option httpchk GET /readyz
  default-server check inter 1s fastinter 1s downinter 1s fall 2 rise 2
  @backend@
{servers}
"""
    }


HAPROXY = Product(
    program="haproxy",
    template=template,
    command=lambda program, layout: [
        program, "-W", "-db", "-f", str(layout.directory / "haproxy.cfg")
    ],
    reload_signal=signal.SIGUSR2,
    reload_mark="Loading success",
)  # fmt: skip

SETTINGS = (
    Setting("haproxy", HAPROXY, "as it comes: 3 retries of the connect, to the same server", {}),
    Setting(
        "haproxy idle-close-on-response",
        HAPROXY,
        "old workers close client connections with their next answer only",
        {"frontend": "option idle-close-on-response"},
        frozenset(["reload"]),
    ),
    Setting(
        "haproxy redispatch",
        HAPROXY,
        "option redispatch 1: a refused connect is retried at another server",
        {"defaults": "option redispatch 1\n  retries 3"},
        frozenset(["fault"]),
    ),
    Setting(
        "haproxy retry-on",
        HAPROXY,
        "option redispatch 1, retry-on all-retryable-errors",
        {"defaults": "option redispatch 1\n  retries 3\n  retry-on all-retryable-errors"},
        frozenset(["fault"]),
    ),
)
