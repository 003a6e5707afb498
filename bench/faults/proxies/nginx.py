"""nginx. The open one has no active probes: it learns of a dead instance from requests."""

import signal

from bench.faults.proxies.setting import Layout, Product, Setting


def template(layout: Layout, weight: int) -> dict[str, str]:
    """nginx.conf."""
    servers = "\n".join(
        f"    server 127.0.0.1:{port} weight={weight if n == 1 else 2};"
        for n, port in enumerate(layout.instances, start=1)
    )
    return {
        "nginx.conf": f"""\
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  @http@
  upstream auth {{
{servers}
    keepalive 64;
  }}
  server {{
    listen 127.0.0.1:{layout.listen} backlog=4096;
    location / {{
      proxy_pass http://auth;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_connect_timeout 1s;
      proxy_send_timeout {layout.answer_timeout:g}s;
      proxy_read_timeout {layout.answer_timeout:g}s;
      @location@
    }}
  }}
}}
"""
    }


NGINX = Product(
    program="nginx",
    template=template,
    command=lambda program, layout: [program, "-p", str(layout.directory), "-c", "nginx.conf"],
    reload_signal=signal.SIGHUP,
    reload_mark="reconfiguring",
)

SETTINGS = (
    Setting(
        "nginx",
        NGINX,
        "as it comes: proxy_next_upstream error timeout, for idempotent methods only",
        {},
    ),
    Setting(
        "nginx keepalive_min_timeout",
        NGINX,
        "old workers keep idle client connections for 1 s more",
        {"http": "keepalive_min_timeout 1s;"},
        frozenset(["reload"]),
    ),
    Setting(
        "nginx non_idempotent",
        NGINX,
        "proxy_next_upstream error timeout http_502 http_503 http_504 non_idempotent",
        {
            "location": "proxy_next_upstream"
            " error timeout http_502 http_503 http_504 non_idempotent;"
        },
        frozenset(["fault"]),
    ),
)
