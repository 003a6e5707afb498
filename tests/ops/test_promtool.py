"""Prometheus's own tool has the last word on our rule files, in both forms.

Needs promtool (Debian: `apt-get install prometheus`); skipped with a word where it is missing.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.cli import main

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "ops" / "alerts"

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        shutil.which("promtool") is None,
        reason="no promtool on this machine (Debian: apt-get install prometheus)",
    ),
]


def promtool(*arguments: str) -> None:
    done = subprocess.run(
        ["promtool", *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_production_rules_are_valid() -> None:
    """Every file as it lies in ops/alerts."""
    promtool("check", "rules", *map(str, sorted(ALERTS.glob("*.yml"))))


@pytest.mark.parametrize("factor", ["1", "30", "7"])
def test_the_printed_rules_are_valid(
    factor: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `evenhand monitor rules --compress N` prints, an odd factor included."""
    code = main(["rules", "--rules", str(ALERTS), "--compress", factor])
    printed = tmp_path / "rules.yml"
    printed.write_text(capsys.readouterr().out, encoding="utf-8")

    assert code == 0
    promtool("check", "rules", str(printed))


@pytest.mark.parametrize("path", sorted((ALERTS / "tests").glob("*.yml")), ids=lambda p: p.stem)
def test_the_production_rules_fire_as_told(path: Path) -> None:
    """promtool's unit tests of the rules, with production windows."""
    promtool("test", "rules", str(path))


def test_the_prometheus_configuration_is_valid() -> None:
    """It also finds the rule files from where it lies."""
    promtool("check", "config", str(ROOT / "ops" / "prometheus" / "prometheus.yml"))
