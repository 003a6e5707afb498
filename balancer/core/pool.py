"""A named set of endpoints, one algorithm, and the guards around it."""

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from random import Random
from typing import Any

from balancer.core import ejection, failure
from balancer.core.algorithms import ALGORITHMS, Algorithm, Observer, Slow
from balancer.core.algorithms.least_requests import LeastRequests
from balancer.core.algorithms.settings import DEFAULTS, Settings
from balancer.core.ejection import Ejector
from balancer.core.endpoint import Endpoint
from balancer.core.failure import Failure, Outcome, is_failure
from balancer.core.guards import NONE, Guards
from balancer.core.hash_key import HashKey
from balancer.core.retry_budget import RetryBudget
from balancer.core.slow_start import SlowStart
from balancer.core.waiting import Waiter, Waiting


class Pool:
    """Knows which of its endpoints are ready, and keeps an algorithm built for just those.

    `pick` never looks at health: the ready set is worked out when something flips (`refresh`), not
    when a request arrives.
    """

    def __init__(
        self,
        name: str,
        algorithm: str,
        endpoints: Sequence[Endpoint],
        rng: Random,
        *,
        clock: Callable[[], float] = float,
        guards: Guards = NONE,
        settings: Settings = DEFAULTS,
        key: HashKey | None = None,
        before: "Pool | None" = None,
    ) -> None:
        """`before` is the pool of this name in the running table: its counts and queue go on here.

        It changes nothing of that one before `begin`, since the change may yet be refused.
        """
        self.name = name
        self.algorithm = algorithm
        self.endpoints = tuple(endpoints)
        self.guards = guards
        self._settings = settings
        self.key = key
        """What hashes hash; None for the client's address."""
        self.keyed = key is not None or algorithm == "sticky"
        """Whether anything but the client's address decides."""
        self._rng = rng
        self._clock = clock
        self._begun = before is None
        self._most = guards.limit.in_flight if guards.limit else sys.maxsize
        """What one endpoint may carry."""
        self._at_ease = 0
        """Who carries less than this is picked without another look."""
        self.ready: tuple[Endpoint, ...] = ()
        self._were_ready: set[str] | None = before._were_ready if before else None
        """Addresses of those that were ready by themselves; None before the first look."""
        self.panicking = False
        """Whether so few are up that probes and ejections are not believed."""
        self._warming = SlowStart(guards.slow_start)
        self._picker: Algorithm | None = None
        self.behind = False
        """Whether the picker was built for who was ready before, and not for who is now."""
        self._steps: Iterator[None] = iter(())
        """What is to be done before one for who is ready now can be built."""
        self._shares: dict[str, float] | None = None
        self.unpicked: dict[tuple[str, str], int] = {("no_endpoint", "503"): 0, ("shed", "503"): 0}
        if before is not None:
            self.unpicked = before.unpicked
        """Exchanges that ended without an endpoint, by outcome and code."""
        self.ejector = Ejector(guards.ejection, self.endpoints) if guards.ejection else None
        self.retries = self._budget(before)
        self.waiting = self._queue(before)
        self.refresh()

    def _budget(self, before: "Pool | None") -> RetryBudget | None:
        retry = self.guards.retry
        if retry is None:
            return None
        if before is not None and before.retries is not None and before.guards.retry == retry:
            return before.retries
        return RetryBudget(retry.budget, retry.floor, self._clock())

    def _queue(self, before: "Pool | None") -> Waiting[Any] | None:
        limit = self.guards.limit
        waiting = before.waiting if before is not None else None
        if waiting is not None and waiting.live:  # who waits is not forgotten, limit or not
            return waiting
        return Waiting(limit.queue) if limit else None

    def twin(
        self, endpoints: Sequence[Endpoint], rng: Random, clock: Callable[[], float]
    ) -> "Pool":
        """A pool of other endpoints that picks as this one does, unguarded: for forecasts."""
        return Pool(
            self.name, self.algorithm, endpoints, rng,
            clock=clock, settings=self._settings, key=self.key,
        )  # fmt: skip

    def begin(self) -> None:
        """Serve from now on."""
        self._begun = True
        if self.waiting is not None:
            self.waiting.most = self.guards.limit.queue if self.guards.limit else 0
        self.refresh()

    # ── who is ready ─────────────────────────────────────────────────────────────────────────

    def refresh(self) -> None:
        """Work out anew which endpoints are ready; call it when something of that may differ."""
        wanted = [endpoint for endpoint in self.endpoints if endpoint.wanted]
        ready = [endpoint for endpoint in wanted if endpoint.ready]
        panic = self.guards.panic
        self.panicking = panic is not None and len(ready) < panic * len(wanted)
        self.ready = tuple(wanted if self.panicking else ready)
        self._note_return(ready)
        old: object = self._picker
        self._steps = old.steps(self.ready) if self.ready and isinstance(old, Slow) else iter(())
        self.behind, self._at_ease = True, 0
        self.build_on(0.0)

    def build_on(self, seconds: float) -> bool:
        """Build the picker for who is ready now, for about so long at most; whether it is done.

        It goes on at the next call. Until it is done the old one picks, and what falls to somebody
        who is not ready any more is given to another, as if he were full.
        """
        until = self._clock() + seconds
        for _ in self._steps:
            if self._clock() >= until:
                return False
        if self.behind:
            self.behind = False
            self._use(self._build(self.ready) if self.ready else None)
        return True

    def _use(self, built: Algorithm | None) -> None:
        self._picker = built
        self._at_ease = 0 if self._warming else self._most
        picker: object = built  # as an Algorithm mypy would not believe it to observe too
        self._learner = picker if isinstance(picker, Observer) else None
        self.times = self._learner is not None
        """Whether somebody here goes by how long attempts take."""
        self.observes = self.ejector is not None or self.times
        """Whether somebody here learns from how attempts end."""

    def _build(self, endpoints: Sequence[Endpoint]) -> Algorithm:
        return ALGORITHMS[self.algorithm](endpoints, self._rng, self._clock, self._settings)

    def _note_return(self, ready: Sequence[Endpoint]) -> None:
        """Begin anew with who is ready now, not by panic, and was not before.

        Its slow start begins, and what was learnt of it while it failed is forgotten.
        """
        now = self._clock()
        if self._begun and self._were_ready is not None:
            for endpoint in ready:
                if endpoint.address not in self._were_ready:
                    endpoint.health.since = now
                    endpoint.load.cost = 0.0
        if self._begun:
            self._were_ready = {endpoint.address for endpoint in ready}
        self._warming.begin_anew(ready, now)

    def tick(self, now: float) -> None:
        """Do what time alone brings about: readmissions, comparisons, the end of a slow start."""
        changed = ejection.readmit_due(self.endpoints, now)
        if self.ejector is not None:
            changed |= self.ejector.tick(now)
        if changed or self._warming.over(now):
            self.refresh()

    def eject(self, endpoint: Endpoint, seconds: float) -> None:
        """An operator takes an endpoint out for so long; no cap holds him back."""
        ejection.eject(endpoint, "operator", self._clock() + seconds)
        self.refresh()

    def readmit(self, endpoint: Endpoint) -> None:
        """An operator lets it in again."""
        ejection.readmit(endpoint)
        self.refresh()

    # ── who is picked ────────────────────────────────────────────────────────────────────────

    def pick(self, key: bytes, tried: Collection[Endpoint] = ()) -> Endpoint | None:
        """An endpoint for this key that was not tried before, or None if there is none to take it.

        None although some are `ready` means that all of those carry as much as they may.
        """
        picker = self._picker
        if picker is None:
            return None
        if tried:
            return self._second_choice(tried)
        endpoint = picker.pick(key)
        if endpoint.load.in_flight < self._at_ease:
            return endpoint  # as nearly always
        if self._takes(endpoint):
            return endpoint
        return self._second_choice((endpoint,)) or self._if_room(endpoint)

    def _takes(self, endpoint: Endpoint) -> bool:
        """Whether it has room, and is warm enough for this one."""
        if not self._warming.takes(endpoint, self._clock(), self._rng):
            return False
        return self._if_room(endpoint) is not None

    def _if_room(self, endpoint: Endpoint) -> Endpoint | None:
        if self.behind and endpoint not in self.ready:
            return None
        return endpoint if endpoint.load.in_flight < self._most else None

    def _second_choice(self, tried: Collection[Endpoint]) -> Endpoint | None:
        """The least loaded of the others: for a retry, and when the first choice is full or cold.

        The same for every algorithm, so that none has to know how to try another, and a hash's
        table need not be built for a single pick. Only who learns what load is goes by that: to
        the rest a slow endpoint that has been avoided is the idlest of all.
        """
        others = [one for one in self.ready if one not in tried and self._if_room(one)]
        warm = [one for one in others if one not in self._warming]
        if not others:
            return None
        if self._learner is not None:
            return self._build(warm or others).pick(b"")
        return LeastRequests(warm or others, self._rng, self._clock, self._settings).pick(b"")

    def warms(self, endpoint: Endpoint) -> bool:
        """Whether an endpoint is in its slow start."""
        return endpoint in self._warming

    # ── what is learnt ───────────────────────────────────────────────────────────────────────

    def observe(self, endpoint: Endpoint, outcome: Outcome, code: str, seconds: float) -> None:
        """An attempt has ended; call it if `observes`. Its `seconds` count only if `times`.

        A client that left says nothing of success, only that an answer takes longer than that.
        """
        now = self._clock()
        if outcome == "client_gone":
            if self._learner is not None:
                self._learner.gave_up(endpoint, seconds, now)
            return
        failed = is_failure(outcome, code)
        if self._learner is not None:
            self._learner.observe(endpoint, seconds, failed, now)
        if self.ejector is not None and self.ejector.observe(endpoint, failed, now):
            self.refresh()

    # ── waiting and trying again ─────────────────────────────────────────────────────────────

    def wait(self, one: Waiter) -> float | Failure:
        """Queue an exchange for which there was no endpoint: until when, or why not."""
        limit = self.guards.limit
        if self.waiting is None or limit is None or not self.ready:
            return failure.NO_ENDPOINT
        return self._clock() + limit.wait if self.waiting.offer(one) else failure.QUEUE_FULL

    def again(
        self,
        reason: Failure,
        method: bytes,
        key: bytes,
        tried: Sequence[Endpoint],
        *,
        bodiless: bool,
    ) -> Endpoint | None:
        """Where to make an attempt again that failed at the last of `tried`, or None."""
        policy = self.guards.retry
        if policy is None or len(tried) >= policy.attempts:
            return None
        if not failure.may_repeat(reason, method, bodiless=bodiless):
            return None
        endpoint = self.pick(key, tried)
        if endpoint is None or not self.may_retry():
            return None
        tried[-1].load.retried[reason.outcome] += 1
        return endpoint

    def may_retry(self) -> bool:
        """Whether the retry budget grants one more attempt; takes it."""
        if self.retries is None:
            return False
        return self.retries.take(sum(one.load.attempts for one in self.endpoints), self._clock())

    # ── what is expected ─────────────────────────────────────────────────────────────────────

    def expected_shares(self) -> dict[str, float]:
        """The share of attempts that the configuration means each endpoint to get, by name.

        In closed form, by the algorithm's own rule: see its `shares`. Health does not enter, since
        this is what the load is compared with when something is down.
        """
        if self._shares is None:  # of what never changes, and a hash has a table to lay for it
            wanted = [endpoint for endpoint in self.endpoints if endpoint.wanted]
            shares = ALGORITHMS[self.algorithm].shares(wanted) if wanted else []
            self._shares = {endpoint.name: 0.0 for endpoint in self.endpoints}
            self._shares |= {one.name: share for one, share in zip(wanted, shares, strict=True)}
        return dict(self._shares)

    def __repr__(self) -> str:
        return (
            f"<Pool {self.name}: {self.algorithm}, {len(self.ready)}/{len(self.endpoints)} ready>"
        )
