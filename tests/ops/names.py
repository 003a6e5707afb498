"""The metrics and alerts that exist, from the contract between the packages."""

BY_ENDPOINT = frozenset({"pool", "endpoint"})
TARGET = frozenset({"job", "instance"})

METRICS: dict[str, frozenset[str]] = {
    "up": frozenset(),
    "lb_attempts_total": BY_ENDPOINT,
    "lb_requests_total": BY_ENDPOINT | {"code", "outcome"},
    "lb_request_duration_seconds": BY_ENDPOINT,
    "lb_inflight": BY_ENDPOINT,
    "lb_queue_depth": BY_ENDPOINT,
    "lb_queue_seconds": BY_ENDPOINT,
    "lb_endpoint_weight": BY_ENDPOINT,
    "lb_endpoint_expected_share": BY_ENDPOINT,
    "lb_endpoint_up": BY_ENDPOINT,
    "lb_endpoint_state": BY_ENDPOINT | {"state"},
    "lb_retries_total": BY_ENDPOINT,
    "lb_retry_budget_exhausted_total": BY_ENDPOINT,
    "lb_ejections_total": BY_ENDPOINT,
    "lb_connections": frozenset({"side"}),
    "lb_config_info": frozenset({"hash"}),
    "lb_config_last_reload_successful": frozenset(),
    "lb_config_last_reload_success_timestamp_seconds": frozenset(),
    "lb_config_reloads_total": frozenset({"result"}),
    "lb_config_warnings": frozenset(),
    "auth_attempts_submitted_total": frozenset({"flow"}),
    "auth_attempts_total": frozenset({"flow", "outcome"}),
    "auth_attempt_duration_seconds": frozenset({"flow", "outcome"}),
    "auth_hash_queue_depth": frozenset(),
    "auth_hash_queue_limit": frozenset(),
    "auth_hash_in_progress": frozenset(),
    "auth_hash_wait_seconds": frozenset(),
    "auth_hash_seconds": frozenset({"op", "cost"}),
    "auth_hash_rejected_total": frozenset({"reason"}),
    "auth_hash_capacity_per_second": frozenset(),
    "auth_db_errors_total": frozenset({"sqlstate_class"}),
    "auth_event_loop_lag_seconds": frozenset(),
    "auth_build_info": frozenset({"version", "profile", "bcrypt_cost"}),
}
"""Each metric's own labels; a scrape adds job and instance to all of them."""

ALERTS = frozenset(
    {
        "LoginFailureSpike", "LoginSLOBurn", "UnevenLoad", "EndpointSaturated", "EndpointFlapping",
        "RetryStorm", "HashQueueLong", "DatabaseTrouble", "LoadBalancerConfigChanged",
        "ConfigChangeThenLoginFailures", "ConfigReloadFailed", "ConfigNotApproved", "Watchdog",
    }
)  # fmt: skip
