"""nginx: one worker below its master."""

import os

from bench.contenders.setup import KEPT, Command, Setup
from bench.peers import Program

CONFIGURATION = """\
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


def command(setup: Setup, program: Program) -> Command:
    """One worker below its master."""
    path = setup.directory / "nginx.conf"
    path.write_text(
        CONFIGURATION.format(
            user="user root;" if os.geteuid() == 0 else "",  # else it could not write its files
            kept=KEPT,
            listen=setup.listen,
            endpoints="\n".join(f"    server 127.0.0.1:{port};" for port in setup.endpoints),
            buffering="on" if setup.buffering else "off",
        )
    )
    argv = [str(program.path), "-p", str(setup.directory), "-c", str(path), "-e", "stderr"]
    return Command(argv, program.environment)
