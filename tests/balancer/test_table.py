"""Tables: matching routes, keeping survivors, telling differences."""

import pytest

from balancer import config
from balancer.table import diff, fingerprint
from tests.balancer.configs import GOOD, table

ROUTES = GOOD.replace(
    "  - {prefix: /, pool: auth}",
    "  - {prefix: /api, pool: auth}\n  - {prefix: /, host: a.example, pool: auth}\n"
    "  - {prefix: /api/v2, pool: auth}",
)


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        (b"x", b"/api", b"/api"),
        (b"x", b"/api/users", b"/api"),
        (b"x", b"/api?page=2", b"/api"),
        (b"x", b"/api/v2/users", b"/api/v2"),
        (b"x", b"/apix", None),
        (b"x", b"/", None),
        (b"a.example", b"/api", b"/"),
    ],
)
def test_the_most_specific_route_wins(host: bytes, path: bytes, expected: bytes | None) -> None:
    """A route with the host before one without, then the longest prefix, by whole segments."""
    routes = table(ROUTES).routes

    matched = next((route.prefix for route in routes if route.matches(host, path)), None)

    assert matched == expected


def test_no_route_is_no_pool() -> None:
    """What no route covers leads nowhere."""
    assert table(ROUTES).match(b"x", b"/other") is None


def test_an_address_that_stays_keeps_its_load_and_its_health() -> None:
    """Renamed, reweighed or drained: counters, in-flight and streak go on."""
    old = table()
    survivor = old.pools["auth"].endpoints[0]
    survivor.load.in_flight, survivor.health.up = 7, False

    new = table(GOOD.replace("name: auth-1", "name: hot").replace("weight: 1}", "weight: 16}"), old)

    endpoint = new.pools["auth"].endpoints[0]
    assert (endpoint.name, endpoint.weight) == ("hot", 16)
    assert (endpoint.load.in_flight, endpoint.ready) == (7, False)
    assert survivor.weight == 1, "the old table is not edited"


def test_a_new_address_starts_fresh() -> None:
    """Another address is another endpoint, whatever its name."""
    old = table()
    old.pools["auth"].endpoints[0].load.attempts = 5

    new = table(GOOD.replace("9001", "9101"), old)

    assert new.pools["auth"].endpoints[0].load.attempts == 0


def test_a_change_is_told_in_an_operators_words() -> None:
    """By names, so that the order of endpoints is no change."""
    old = config.parse(GOOD)
    new = config.parse(GOOD.replace("weight: 1}", "weight: 16}").replace(", state: drain", ""))

    assert diff(old, new) == [
        "pools.auth.endpoints.127.0.0.1:9003.state: drain → active",
        "pools.auth.endpoints.auth-1.weight: 1 → 16",
    ]
    assert diff(old, config.parse(GOOD + "# a comment\n")) == []


def test_what_comes_and_goes_is_told_too() -> None:
    """An endpoint that appears, an algorithm that changes, a health check that is taken away."""
    new = GOOD.replace("round_robin", "p2c").replace("    health: {path", "    #")
    lines = diff(config.parse(GOOD), config.parse(new))

    assert "pools.auth.algorithm: round_robin → p2c" in lines
    assert "pools.auth.health.path: /readyz → (gone)" in lines


def test_the_fingerprint_is_the_texts() -> None:
    """One version per text, short enough to read aloud."""
    assert fingerprint(GOOD) == table().hash
    assert fingerprint(GOOD + " ") != table().hash
    assert len(table().hash) == 16
