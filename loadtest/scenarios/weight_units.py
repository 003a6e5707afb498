"""weight-units: somebody thought in cores, and the balancer counts in weights."""

from dataclasses import dataclass

from loadtest.scenario import (
    BASELINE,
    OUTAGE,
    TOLERANCE,
    VERIFY,
    Band,
    Config,
    Phase,
    Scenario,
    edit_endpoint,
    sound,
)
from loadtest.settings import Settings, setting


@dataclass(frozen=True, kw_only=True)
class WeightUnits(Settings):
    """The flagship's settings. Lengths are calibrated so that the backlog outlives `rebalance`."""

    hot: str = setting("auth-1", "the endpoint that got the wrong weight")
    hot_weight: int = setting(16, "its wrong weight; every other endpoint has 1", 1)
    rebalance_s: float = setting(10.0, "length of the phase with even weights again", 1.0)
    drain_s: float = setting(45.0, "limit for draining; ends when the hot hash queue is empty", 1.0)

    @property
    def hot_backlog_grows(self) -> float:
        """Logins a second by which the hot hash queue grows in the outage."""
        share = self.hot_weight / (self.hot_weight + self.instances - 1)
        return max(0.0, self.rate * share - 1 / self.hash_seconds)

    def hot_wait(self, after: float) -> float:
        """Seconds a login waits at the hot endpoint, `after` seconds of even weights.

        A fluid model: the queue that the outage built, less what is worked off beyond what comes.
        """
        if self.safe:
            return 0.0
        spare = 1 / self.hash_seconds - self.rate / self.instances
        left = self.hot_backlog_grows * self.outage_s - spare * after
        return max(0.0, left) * self.hash_seconds


def misjudge(config: Config, settings: WeightUnits) -> Config:
    """The fault: the machine's 16 cores, written down as a weight."""
    return edit_endpoint(config, settings.hot, weight=settings.hot_weight)


def even_out(config: Config, settings: WeightUnits) -> Config:
    """First step of the cure: what the postmortem's team did."""
    return edit_endpoint(config, settings.hot, weight=1)


def drain(config: Config, settings: WeightUnits) -> Config:
    """Second step: no new logins for the endpoint that works off a backlog nobody waits for."""
    return edit_endpoint(config, settings.hot, state="drain")


def bring_back(config: Config, settings: WeightUnits) -> Config:
    """Last step: the hot endpoint serves again, by the configuration from before the fault."""
    return edit_endpoint(config, settings.hot, state=None)


def failing_while_rebalanced(settings: WeightUnits) -> Band:
    """The hot endpoint's even share fails for as long as its backlog is longer than patience."""
    even = 1 / settings.instances
    settle = settings.settle(settings.rebalance_s)
    if settings.hot_wait(settings.rebalance_s) > 1.25 * settings.patience:
        return Band.around(even)
    if settings.hot_wait(settle) < 0.75 * settings.patience:
        return Band(0.0, TOLERANCE)
    return Band(0.0, even + TOLERANCE)  # the backlog ends somewhere within the phase


SCENARIO = Scenario(
    name="weight-units",
    title="A weight counted in cores",
    story=(
        "Somebody moved {hot} to a bigger machine and gave it `weight: {hot_weight}`, thinking in "
        "cores, but the auth process there still has one hash slot: it gets the greater part of "
        "the logins and can serve one part in {instances} of the fleet's work. Even weights alone "
        "do not end the outage, because {hot} first works off a backlog that nobody waits for."
    ),
    settings=WeightUnits,
    phases=(
        Phase(BASELINE, "even weights", failing=sound),
        Phase(OUTAGE, "one endpoint gets a weight in cores", misjudge),
        Phase(
            "rebalance",
            "weights even again",
            even_out,
            cure=True,
            failing=failing_while_rebalanced,
        ),
        Phase(
            "drain",
            "hot endpoint drained until its hash queue is empty",
            drain,
            until_idle=lambda settings: settings.hot,
            cure=True,
        ),
        Phase(VERIFY, "hot endpoint back; the same traffic again", bring_back, failing=sound),
    ),
    alerts=("LoginFailureSpike",),
)
