"""What the monitor says about itself, all declared here."""

from prometheus_client import CollectorRegistry, Counter, Gauge

REGISTRY = CollectorRegistry()

SCRAPES = Counter(
    "monitor_scrapes_total",
    "Scrapes by how they went.",
    ["job", "instance", "result"],
    registry=REGISTRY,
)
EVALUATIONS = Counter(
    "monitor_rule_evaluations_total", "Evaluations of a rule.", ["alert"], registry=REGISTRY
)
EVALUATION_FAILURES = Counter(
    "monitor_rule_evaluation_failures_total",
    "Evaluations that had no value; the alert stayed as it was.",
    ["alert"],
    registry=REGISTRY,
)
MISSED_TICKS = Counter(
    "monitor_missed_ticks_total",
    "Scrapes or evaluations left out because the one before took too long.",
    ["work"],
    registry=REGISTRY,
)
TRANSITIONS = Counter(
    "monitor_alert_transitions_total", "Changes of state.", ["alert", "to"], registry=REGISTRY
)
STORED_SAMPLES = Gauge("monitor_store_samples", "Samples held in memory.", registry=REGISTRY)
STORED_SERIES = Gauge("monitor_store_series", "Series held in memory.", registry=REGISTRY)
EVICTED_SAMPLES = Gauge(
    "monitor_store_evicted_samples",
    "Samples forgotten before their time because the store was full.",
    registry=REGISTRY,
)
OUT_OF_ORDER_SAMPLES = Gauge(
    "monitor_store_out_of_order_samples",
    "Samples left out because a newer one of the series was there.",
    registry=REGISTRY,
)
COMPRESSION = Gauge(
    "monitor_compression_factor", "By what every window of the rules is divided.", registry=REGISTRY
)
