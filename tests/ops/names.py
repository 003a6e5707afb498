"""The metrics that exist, read from where the packages declare them, and the alerts' names."""

from authsvc.metrics import Metrics
from authsvc.settings import Profile
from balancer.admin import metrics as balancer

TARGET = frozenset({"job", "instance"})
"""A scrape adds these labels to every metric."""


def _of_authsvc() -> dict[str, frozenset[str]]:
    """The auth service's metrics by name, with their own labels."""
    found = {}
    for family in Metrics(Profile.LAB, 4).registry.collect():
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = {label for sample in family.samples for label in sample.labels}
        found[name] = frozenset(labels - {"le"})
    return found


METRICS: dict[str, frozenset[str]] = {
    "up": frozenset(),
    **{one.name: frozenset(one.labels) for one in balancer.METRICS},
    **_of_authsvc(),
}
"""Each metric's own labels, by name."""

ALERTS = frozenset(
    {
        "LoginFailureSpike", "LoginSLOBurn", "UnevenLoad", "EndpointSaturated", "EndpointFlapping",
        "RetryStorm", "HashQueueLong", "DatabaseTrouble", "LoadBalancerConfigChanged",
        "ConfigChangeThenLoginFailures", "ConfigReloadFailed", "ConfigNotApproved", "Watchdog",
    }
)  # fmt: skip
"""The names that alerts may have: dashboards, runbooks and scenarios refer to them."""
