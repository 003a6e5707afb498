"""The command: what it plays, and what it says to wrong input."""

from pathlib import Path

import pytest

from bench.faults.cli import main, plan
from bench.faults.proxies import SETTINGS
from bench.faults.scenarios import SCENARIOS


def test_variants_are_played_only_where_they_can_differ() -> None:
    """A retry setting in the fault scenarios, a setting of client connections in the reloads."""
    played = {(a.name, b.name) for a, b in plan(list(SETTINGS.values()), list(SCENARIOS.values()))}

    assert ("kill-stays", "haproxy retry-on") in played
    assert ("reload-new", "haproxy retry-on") not in played
    assert ("reload-keepalive", "nginx keepalive_min_timeout") in played
    assert ("kill-stays", "nginx keepalive_min_timeout") not in played
    assert {scenario for scenario, name in played if name == "ours"} == set(SCENARIOS)


def test_a_name_unknown_is_answered_with_those_known(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, as for any wrong input."""
    with pytest.raises(SystemExit) as ended:
        main(["--only", "ours,squid"])

    assert ended.value.code == 2
    assert "no 'squid'; there are: ours, ours guarded" in capsys.readouterr().err


def test_a_file_that_is_no_saved_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its name and the reason."""
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"rows": [{}]}')

    assert main(["--from", str(wrong)]) == 2
    assert str(wrong) in capsys.readouterr().err


def test_a_missing_peer_is_skipped_with_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not an error: the others' figures are worth having."""
    assert main(["--only", "envoy", "--peers", str(tmp_path)]) == 0
    assert "envoy: skipped" in capsys.readouterr().err
