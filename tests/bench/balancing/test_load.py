"""The schedule: the same for every contender, and as much as was asked for."""

import ipaddress

from bench.balancing.load import SOURCES, Load, addresses, schedule


def test_every_contender_is_sent_the_same() -> None:
    """Arrivals, sources and work follow from the seed alone."""
    assert schedule(Load(seed=7)) == schedule(Load(seed=7))
    assert schedule(Load(seed=7)) != schedule(Load(seed=8))


def test_the_rate_and_the_work_are_what_was_asked_for() -> None:
    """200 a second over 12 s, and a service time each, within sampling error."""
    arrivals = schedule(Load())

    assert abs(len(arrivals) - 2400) < 4 * 2400**0.5
    assert 0.97 < sum(one.work for one in arrivals) / len(arrivals) < 1.03
    assert [one.due for one in arrivals] == sorted(one.due for one in arrivals)


def test_each_source_has_an_address_and_few_share_a_network() -> None:
    """Else `source_hash`, which reads three octets, would take them for one client."""
    found = addresses(1)

    assert len(set(found)) == SOURCES
    assert all(ipaddress.ip_address(one).is_loopback for one in found)
    assert "127.0.0.1" not in found, "that is the address that all share under `nat`"
    assert len({one.rpartition(".")[0] for one in found}) > 0.9 * SOURCES
