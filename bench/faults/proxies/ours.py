"""Evenhand's balancer. Its guards (issue by issue) are lines in `SETTINGS`."""

import signal
import sys

from bench.faults.proxies.setting import Layout, Product, Setting


def template(layout: Layout, weight: int) -> dict[str, str]:
    """balancer.yaml."""
    endpoints = "\n".join(
        f'      - {{name: auth-{n}, address: "127.0.0.1:{port}",'
        f" weight: {weight if n == 1 else 2}}}"
        for n, port in enumerate(layout.instances, start=1)
    )
    return {
        "balancer.yaml": f"""\
listen: 127.0.0.1:{layout.listen}
admin: {{listen: "127.0.0.1:{layout.admin}"}}
timeouts: {{connect: 1s, answer: {layout.answer_timeout:g}s}}
routes:
  - {{prefix: /, pool: auth}}
pools:
  - name: auth
    algorithm: round_robin
    endpoints:
{endpoints}
    health: {{path: /readyz, interval: 1s, timeout: 500ms, rise: 2, fall: 2}}
@pool@@top@
"""
    }


OURS = Product(
    program="",
    template=template,
    command=lambda _, layout: [
        sys.executable, "-m", "evenhand", "balancer",
        "--config", str(layout.directory / "balancer.yaml"),
    ],
    reload_signal=signal.SIGHUP,
    reload_mark='"event": "config_read", "changed": true',
)  # fmt: skip

SETTINGS = (
    Setting("ours", OURS, "probes; no retries and no ejection yet", {}),
    # The places: `pool` is inside the pool (four blanks deep), `top` at the top of the file.
)
