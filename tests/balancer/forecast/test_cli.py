"""`evenhand forecast` as a person and a program use it."""

import json
from pathlib import Path

import pytest

from balancer.forecast.cli import main
from tests.balancer.configs import GOOD

HOT = GOOD.replace("weight: 1}", "weight: 4}")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A configuration and a traffic file."""
    config, traffic = tmp_path / "balancer.yaml", tmp_path / "traffic.yaml"
    config.write_text(HOT)
    traffic.write_text("rate: 20\ncapacity: {hash_seconds: 0.1, queue: unbounded}\n")
    return config, traffic


def test_json_for_programs(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Shares, utilisation and failing share by endpoint, and the failing share of all."""
    code = main([str(files[0]), "--traffic", str(files[1]), "--json", "--seeds", "5"])

    result = json.loads(capsys.readouterr().out)
    assert code == 0
    assert result["shares"]["auth-1"] == pytest.approx(0.8, abs=0.01)
    assert result["endpoints"]["auth-1"]["utilisation"] == pytest.approx(1.6, abs=0.05)
    assert result["failing_share"] == pytest.approx(0.8, abs=0.05)
    assert result["shares"]["127.0.0.1:9003"] == 0.0


def test_a_table_for_people(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each endpoint, and the sum of it."""
    main([str(files[0]), "--traffic", str(files[1]), "--seeds", "2"])

    shown = capsys.readouterr().out
    assert "auth-1" in shown
    assert "failing share of all logins" in shown


@pytest.mark.parametrize(
    ("traffic", "expected"),
    [
        ("rat: 20\n", "traffic.yaml:1:1: rat: unknown key 'rat'; did you mean 'rate'?"),
        ("rate: 0\n", "traffic.yaml:1:1: rate: input should be greater than 0"),
        ("rate: 20\nsettle: 30s\n", "settle must be shorter than duration"),
        (
            "rate: 20\ncapacity: {queue: lots}\n",
            "no queue bound; write a whole number, or unbounded",
        ),
        ("rate: 20\npath: /other\n", ""),
    ],
)
def test_a_traffic_file_that_cannot_be_used(
    files: tuple[Path, Path], traffic: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and a line with its place; a path that some route covers is fine."""
    files[1].write_text(traffic)

    code = main([str(files[0]), "--traffic", str(files[1]), "--seeds", "1"])

    errors = capsys.readouterr().err
    assert expected in errors
    assert code == (2 if expected else 0)


def test_a_path_without_a_route_is_told(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A forecast for a pool that nobody reaches would be a guess."""
    files[0].write_text(HOT.replace("prefix: /,", "prefix: /api,"))

    assert main([str(files[0]), "--traffic", str(files[1])]) == 2
    assert "leads anywhere from /v1/sessions" in capsys.readouterr().err
