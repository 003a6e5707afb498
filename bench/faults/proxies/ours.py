"""Evenhand's balancer. Its guards (issue by issue) are lines in `SETTINGS`."""

import signal
import sys
from functools import partial

from bench.faults.proxies.setting import Layout, Product, Setting


def template(algorithm: str, layout: Layout, weight: int) -> dict[str, str]:
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
    algorithm: {algorithm}
    endpoints:
{endpoints}
    health: {{path: /readyz, interval: 1s, timeout: 500ms, rise: 2, fall: 2}}
@pool@@top@
"""
    }


def product(algorithm: str) -> Product:
    """Our balancer with this algorithm."""
    return Product(
        program="",
        template=partial(template, algorithm),
        command=lambda _, layout: [
            sys.executable, "-m", "evenhand", "balancer",
            "--config", str(layout.directory / "balancer.yaml"),
        ],
        reload_signal=signal.SIGHUP,
        reload_mark='"event": "config_read", "changed": true',
    )  # fmt: skip


GUARDS = """\
    ejection: {consecutive: 3, base: 2s}
    panic: 0.5
    retry: {attempts: 2}
    limit: {in_flight: 16}
"""

# The places: `pool` is inside the pool (four blanks deep), `top` at the top of the file.
SETTINGS = (
    Setting("ours", product("round_robin"), "probes alone; no retries and no ejection", {}),
    Setting(
        "ours guarded",
        product("round_robin"),
        "probes, `ejection: {consecutive: 3, base: 2s}`, `panic: 0.5`, `retry: {attempts: 2}`, "
        "`limit: {in_flight: 16}`",
        {"pool": GUARDS},
    ),
    Setting(
        "ours guarded least_requests",
        product("least_requests"),
        "the same, and sends to the least busy instead of in turn",
        {"pool": GUARDS},
    ),
)
