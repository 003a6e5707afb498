"""What was lost and what was done twice: the client's records beside the instances' journals.

Pure: records in, figures out. The client says what was asked and what came of it; the instances
say what they executed. Neither can see a request executed twice, or executed but answered as
failed; both together can.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Method = Literal["GET", "POST"]
NEWS = 0.05
"""Seconds that a proxy may take to hear of a death; what it sends there meanwhile is in flight."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as the client saw it. Times are `time.monotonic()`."""

    id: str
    method: Method
    due: float
    sent: float
    """When it was written to a connection; 0 if there never was one."""
    done: float
    outcome: str
    """`ok`, or how it was lost: `http_502`, `cut`, `connect_failed`, `timeout`, `malformed`,
    `crossed` (an answer to another request)."""

    @property
    def lost(self) -> bool:
        """No valid answer: an error from the proxy counts as lost, for a user it is."""
        return self.outcome != "ok"


@dataclass(frozen=True, slots=True)
class Executed:
    """One request, as an instance executed it."""

    id: str
    method: Method
    instance: str
    finished: bool
    """False if the instance died at it: it was in flight there."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The figures of one run, or of several taken together."""

    sent: int
    get_lost: int
    post_lost: int
    post_in_flight: int
    """POSTs that an instance was at when it was killed: no proxy can save those."""
    post_lost_needlessly: int
    """POSTs lost in runs with kills although none happened while they were under way."""
    post_twice: int
    """POSTs executed more than once: a login counted twice, a payment made twice."""
    get_twice: int
    executed_but_failed: int
    """Executed to the end by an instance, yet the client was told otherwise, or nothing."""
    unexplained: int
    """Answered but executed nowhere, or executed but never asked: 0, or the bench is wrong."""
    p50_ms: float
    p99_ms: float
    max_ms: float
    """From when a request was due to its answer or its error, over all requests."""
    client_lag_p99_ms: float
    """How late the client itself was; what it adds to every proxy's latency."""
    how_lost: dict[str, int]


def judge(status: int, body: bytes, identity: str) -> str:
    """The outcome of an answer: an instance answers with the id that it was asked with."""
    if status != 200:
        return f"http_{status}"
    return "ok" if body == identity.encode() else "crossed"


def read_journal(instance: str, lines: Iterable[str]) -> list[Executed]:
    """What an instance executed. A line that death cut short is left out."""
    begun: list[tuple[str, Method]] = []
    ended: Counter[str] = Counter()
    for line in lines:
        match line.split():
            case ["begin", identity, ("GET" | "POST") as method]:
                begun.append((identity, method))
            case ["end", identity]:
                ended[identity] += 1
    executed = []
    for identity, method in begun:
        finished = ended[identity] > 0
        ended[identity] -= 1
        executed.append(Executed(identity, method, instance, finished))
    return executed


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed (nearest rank)."""
    if not values:
        return 0.0
    rank = -(-len(values) * share // 1)
    return sorted(values)[max(0, int(rank) - 1)]


def count(
    asked: Sequence[Asked], executed: Sequence[Executed], kills: Sequence[float] = ()
) -> Tally:
    """Set the client's records against the instances'; `kills` are the moments of kill -9."""
    times = Counter(one.id for one in executed)
    finished = {one.id for one in executed if one.finished}
    by_id = {one.id: one for one in asked}
    lost = [one for one in asked if one.lost]
    twice = Counter(one.method for one in asked if times[one.id] > 1)
    methods = Counter(one.method for one in lost)
    latencies = [(one.done - one.due) * 1000 for one in asked]
    answered_by_nobody = sum(1 for one in asked if not one.lost and not times[one.id])
    asked_by_nobody = sum(1 for identity in times if identity not in by_id)
    return Tally(
        sent=len(asked),
        get_lost=methods["GET"],
        post_lost=methods["POST"],
        post_in_flight=sum(1 for one in executed if one.method == "POST" and not one.finished),
        post_lost_needlessly=sum(
            1 for one in lost if one.method == "POST" and kills and not _met_a_kill(one, kills)
        ),
        post_twice=twice["POST"],
        get_twice=twice["GET"],
        executed_but_failed=sum(1 for one in lost if one.id in finished),
        unexplained=answered_by_nobody + asked_by_nobody,
        p50_ms=round(percentile(latencies, 0.50), 1),
        p99_ms=round(percentile(latencies, 0.99), 1),
        max_ms=round(max(latencies, default=0.0), 1),
        client_lag_p99_ms=round(percentile([_lag(one) for one in asked], 0.99), 1),
        how_lost=dict(Counter(one.outcome for one in lost).most_common()),
    )


def _met_a_kill(one: Asked, kills: Sequence[float]) -> bool:
    """Whether an instance died while this request was under way, so that it may have been there."""
    began = (one.sent or one.due) - NEWS
    return any(began <= kill <= one.done for kill in kills)


def _lag(one: Asked) -> float:
    return (one.sent - one.due) * 1000 if one.sent else 0.0
