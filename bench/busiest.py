"""How even an algorithm is: the share of the busiest of five equal endpoints."""

from collections import deque
from collections.abc import Callable
from random import Random

from balancer.core.algorithms import ALGORITHMS, Observer
from balancer.core.algorithms.settings import DEFAULTS
from balancer.core.algorithms.sticky import CAME_FROM
from balancer.core.endpoint import Endpoint

ENDPOINTS = 5
PICKS = 10_000
IN_FLIGHT = 30
"""Attempts that are under way at any time: each ends when so many more have begun."""
TICK = 0.01
"""Seconds between two picks."""
NEARBY = 200
"""Clients of one network, or behind one address."""

Addresses = Callable[[int], bytes]
TRAFFIC: dict[str, tuple[int, Addresses]] = {
    "clients all over": (PICKS, lambda client: Random(client).randbytes(4)),  # noqa: S311 the same
    "200 of one /24": (NEARBY, lambda client: bytes([192, 0, 2, client])),
    "200 behind one address": (NEARBY, lambda client: bytes([192, 0, 2, 1])),
}
"""How many clients there are, and the address of each."""


def busiest(name: str, traffic: str) -> float:
    """The share of attempts of the busiest endpoint; 0.2 is even."""
    clients, address = TRAFFIC[traffic]
    pool = [Endpoint(str(i), f"10.0.0.{i + 1}:8080") for i in range(ENDPOINTS)]
    dice = Random(1)  # noqa: S311 of a measurement that can be repeated
    now = 0.0
    picker = ALGORITHMS[name](pool, dice, lambda: now, DEFAULTS)
    cookies: dict[int, bytes] = {}
    under_way: deque[Endpoint] = deque()
    for _ in range(PICKS):
        now += TICK
        client = dice.randrange(clients)
        sticks = name == "sticky"
        picked = picker.pick(cookies.get(client, b"") if sticks else address(client))
        cookies[client] = CAME_FROM + picked.name.encode()
        picked.load.in_flight += 1
        picked.load.attempts += 1
        under_way.append(picked)
        if len(under_way) > IN_FLIGHT:
            ended = under_way.popleft()
            ended.load.in_flight -= 1
            if isinstance(picker, Observer):
                picker.observe(ended, IN_FLIGHT * TICK, False, now)
    return max(one.load.attempts for one in pool) / PICKS
