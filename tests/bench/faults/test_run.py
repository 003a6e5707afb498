"""The whole script on this balancer alone, small: real processes, a real reload, real kills."""

import pytest

from bench.faults.proxies import SETTINGS
from bench.faults.run import Load, record, row
from bench.faults.scenarios import Scenario, Step, reloads

pytestmark = [pytest.mark.live, pytest.mark.measures]


def test_ten_reloads_lose_no_keep_alive_request() -> None:
    """100 requests a second on kept connections; each reload is carried out and costs nothing."""
    scenario = reloads(10, 0.5, keep_alive=True)

    found = row(
        SETTINGS["ours"],
        scenario,
        [record(SETTINGS["ours"], None, scenario, Load(rate=100), 19200)],
    )

    assert found.reloads == 10
    assert found.tally.sent > 100
    assert found.tally.how_lost == {}
    assert (found.tally.post_twice, found.tally.unexplained) == (0, 0)
    assert found.missed == ()


def test_a_killed_instance_shows_in_both_accounts() -> None:
    """What was lost is lost at the client, what was in flight stands in the journal; none twice."""
    scenario = Scenario(
        "kill-stays", "one is killed", 1.5, (Step(0.7, "kill", 1), Step(1.0, "start", 1))
    )

    records = record(SETTINGS["ours"], None, scenario, Load(rate=150, service_time=0.2), 19300)
    tally = row(SETTINGS["ours"], scenario, [records]).tally

    cut_off = {one.id for one in records.executed if not one.finished}
    lost = {one.id for one in records.asked if one.lost}
    assert cut_off, "at 150 a second and 200 ms, 7 are in flight at each instance"
    assert cut_off <= lost
    assert {one.outcome for one in records.asked if one.id in cut_off} == {"http_502"}
    assert (tally.post_twice, tally.unexplained) == (0, 0)
