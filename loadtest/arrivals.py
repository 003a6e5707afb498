"""When logins are due, who sends them and from where: an open, seeded Poisson schedule.

Open means that the schedule never waits for answers. A closed generator (N users that wait for
their answers) slows down exactly while the service is slow, and so hides the outage it should
measure. Here no clock and no I/O: offsets in seconds since the schedule's beginning, to be fired
by `loadtest.open_arrivals`.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Arrival:
    """One login that is due `offset` seconds after the schedule began.

    `user` and `source` are indexes from 0, into the users and the source addresses.
    """

    n: int
    offset: float
    user: int
    source: int


def arrivals(
    rate: float, seed: int | str, users: int = 200, sources: int = 200
) -> Iterator[Arrival]:
    """Yield arrivals without end: a Poisson process of `rate` logins a second.

    The same seed gives the same schedule on every machine. Times and choices have a die each, so
    that other users or sources do not move a single arrival in time, and twice the rate is the
    same schedule in half the time.

    Raises ValueError when `rate`, `users` or `sources` is not positive.
    """
    if not rate > 0 or users < 1 or sources < 1:
        raise ValueError(f"rate, users and sources must be positive: {rate}, {users}, {sources}")
    times, choices = Random(f"{seed}/times"), Random(f"{seed}/choices")
    unit = 0.0
    for n in itertools.count():
        unit -= math.log(1.0 - times.random())
        user, source = choices.random(), choices.random()
        yield Arrival(n, unit / rate, int(user * users), int(source * sources))
