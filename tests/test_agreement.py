"""What two packages must say alike although neither imports the other."""

import ipaddress

from balancer.forecast import traffic
from loadtest import connections


def test_forecast_and_load_generator_mean_the_same_clients() -> None:
    """Or a forecast for a source hash would be about other keys than those that come."""
    for index in (0, 1, 199, 250, 50_000):
        forecast = ipaddress.ip_address(traffic.source_address(index))

        assert str(forecast) == connections.source_address(index)
