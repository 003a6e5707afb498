"""Configuration texts that tests start from."""

import time
from collections.abc import Callable
from random import Random

from balancer import config
from balancer.table import Table, build

GOOD = """\
listen: 127.0.0.1:8080
admin: {listen: 127.0.0.1:8081}
routes:
  - {prefix: /, pool: auth}
pools:
  - name: auth
    algorithm: round_robin
    endpoints:
      - {name: auth-1, address: "127.0.0.1:9001", weight: 1}
      - {address: "127.0.0.1:9002"}          # weight 1, named by its address
      - {address: "127.0.0.1:9003", state: drain}
    health: {path: /readyz, interval: 2s, timeout: 1s, rise: 2, fall: 3}
"""


def table(
    text: str = GOOD, old: Table | None = None, clock: Callable[[], float] = time.monotonic
) -> Table:
    """The table that a configuration text makes."""
    return build(config.parse(text), text, Random(1), old, clock)
