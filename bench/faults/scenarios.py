"""What is broken, and when: each scenario is a timeline, and the aims that we hold ourselves to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from bench.faults.counting import Tally

Kind = Literal["reload", "fault"]
"""Reload scenarios are about the proxy's own connections, the others about its instances."""
Act = Literal["reload", "kill", "start", "freeze", "thaw"]
INSTANCES = 4
ANSWER_TIMEOUT = 2.0
"""Seconds within which every proxy must have an instance's answer (its read deadline)."""
SERVICE_TIME = 0.1
"""Seconds that an instance takes: a login's hash. At 250 a second each has six at work."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done to the system, `at` seconds after the load began."""

    at: float
    act: Act
    instance: int = 0
    """Which one, from 1; 0 where the act is the proxy's."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What this balancer is meant to achieve in a scenario."""

    text: str
    met: Callable[[Tally], bool]
    figure: Callable[[Tally], str]
    """What was measured, to be read beside the aim."""
    takes: str = ""
    """The guard without which it cannot be met."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A fault under load."""

    name: str
    title: str
    seconds: float
    """How long new requests arrive."""
    steps: tuple[Step, ...]
    aims: tuple[Aim, ...] = ()
    kind: Kind = "fault"
    keep_alive: bool = True
    """Whether the client keeps its connections, or opens one for each request."""


def reloads(times: int, seconds: float, *, keep_alive: bool) -> Scenario:
    """Reload the proxy's configuration so many times, evenly over so many seconds."""
    how = "keep-alive" if keep_alive else "a new connection each"
    return Scenario(
        name="reload-keepalive" if keep_alive else "reload-new",
        title=f"{times} reloads in {seconds:g} s; {how}",
        seconds=seconds + 1.5,
        steps=tuple(Step(0.5 + n * seconds / times, "reload") for n in range(times)),
        aims=(NOTHING_LOST, ONCE),
        kind="reload",
        keep_alive=keep_alive,
    )


def rolling(pause: float, dead: float) -> Scenario:
    """Kill every instance in turn, one each `pause` seconds, and start it again after `dead`."""
    steps: list[Step] = []
    for n in range(INSTANCES):
        at = 1.0 + n * pause
        steps += [Step(at, "kill", n + 1), Step(at + dead, "start", n + 1)]
    return Scenario(
        "rolling-kill",
        f"kill -9 of all {INSTANCES} instances, one each {pause:g} s, each back after {dead:g} s",
        1.0 + INSTANCES * pause,
        tuple(steps),
        KILLED,
    )


RETRIES = "retries: of a refused connect, and of a GET whose connection broke"
EJECTION = "ejection before the read deadline; a POST sent there is lost or risks to be done twice"

NOTHING_LOST = Aim(
    "0 lost",
    lambda tally: tally.get_lost + tally.post_lost == 0,
    lambda tally: f"{tally.get_lost} GET, {tally.post_lost} POST",
)
NONE_LOST_FROZEN = replace(NOTHING_LOST, takes=EJECTION)
GET_KEPT = Aim(
    "0 GET lost",
    lambda tally: tally.get_lost == 0,
    lambda tally: str(tally.get_lost),
    RETRIES,
)
POST_IN_FLIGHT = Aim(
    "POST lost at most what was in flight there",
    lambda tally: tally.post_lost <= tally.post_in_flight,
    lambda tally: f"{tally.post_lost} lost, {tally.post_in_flight} begun there and never ended",
    RETRIES,
)
POST_KEPT = Aim(
    "no POST lost needlessly",
    lambda tally: tally.post_lost_needlessly == 0,
    lambda tally: str(tally.post_lost_needlessly),
    RETRIES,
)
"""The same, read for what was sent to the instance and never read by it, which no journal shows."""
ONCE = Aim(
    "no POST executed twice",
    lambda tally: tally.post_twice == 0,
    lambda tally: str(tally.post_twice),
)
PROMPT = Aim(
    "p99 below the read deadline + 50 ms",
    lambda tally: tally.p99_ms < ANSWER_TIMEOUT * 1000 + 50,
    lambda tally: f"{tally.p99_ms:.0f} ms, to be below {ANSWER_TIMEOUT * 1000 + 50:.0f} ms",
    "deadlines kept to 50 ms, and ejection, so that few requests run into them",
)
KILLED = (GET_KEPT, POST_IN_FLIGHT, POST_KEPT, ONCE)

SCENARIOS = {
    one.name: one
    for one in (
        reloads(100, 10.0, keep_alive=False),
        reloads(100, 10.0, keep_alive=True),
        Scenario(
            "kill-stays",
            "kill -9 of one instance, which stays dead",
            6.0,
            (Step(1.0, "kill", 1),),
            KILLED,
        ),
        Scenario(
            "kill-returns",
            "kill -9 of one instance, which is back after 2 s",
            7.0,
            (Step(1.0, "kill", 1), Step(3.0, "start", 1)),
            KILLED,
        ),
        Scenario(
            "freeze-short",
            "SIGSTOP of one instance for 1 s, shorter than the read deadline",
            4.5,
            (Step(1.0, "freeze", 1), Step(2.0, "thaw", 1)),
            (NOTHING_LOST, ONCE, PROMPT),
        ),
        Scenario(
            "freeze-long",
            "SIGSTOP of one instance for 5 s, longer than the read deadline",
            8.5,
            (Step(1.0, "freeze", 1), Step(6.0, "thaw", 1)),
            (NONE_LOST_FROZEN, ONCE, PROMPT),
        ),
        rolling(pause=2.5, dead=1.0),
    )
}
