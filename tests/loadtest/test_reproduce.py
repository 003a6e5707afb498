"""`evenhand reproduce` for real: the whole stack, short phases, every way a run can end."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import jsonschema
import psutil
import pytest

from loadtest.ports import LOOPBACK, Ports, why_not_free
from tests.loadtest.waiting import until, unused_base

pytestmark = [pytest.mark.live, pytest.mark.measures]
ROOT = Path(__file__).resolve().parents[2]
SHORT = {"baseline_s": 4, "outage_s": 8, "rebalance_s": 2, "drain_s": 14, "verify_s": 5}
QUICK = {"settle_s": 2, "compress": 60}


class Reproduce:
    """One `evenhand reproduce` process with its port base and its folder of reports."""

    def __init__(self, out: Path, *arguments: str, **settings: object) -> None:
        self.base = unused_base()
        self.out = out / "report"
        assignments = [f"{name}={value}" for name, value in settings.items()]
        self.process = subprocess.Popen(
            [
                *[sys.executable, str(ROOT / "evenhand.py"), "reproduce", *arguments],
                *["--port-base", str(self.base), "--out", str(self.out)],
                *[word for one in assignments for word in ("--set", one)],
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def finish(self, within: float = 110.0) -> tuple[int, str, str]:
        """Its exit code, standard output and standard error."""
        try:
            said, progress = self.process.communicate(timeout=within)
        finally:
            self.process.kill()
        return self.process.returncode, said, progress

    def wait_for(self, text: str) -> None:
        """Read its progress until a line has `text`."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if text in line:
                return
        pytest.fail(f"it ended without saying {text!r}")

    def assert_nothing_left(self) -> None:
        """Every port is free again."""
        ports = Ports(self.base).by_part(5, own_postgres=True)
        until(lambda: not any(map(why_not_free, ports.values())), "every port free again")


def failed_checks(report: dict[str, Any]) -> dict[str, str]:
    """What did not hold, and what was measured instead."""
    return {check["name"]: check["measured"] for check in report["checks"] if not check["ok"]}


def longest_pause(records: list[dict[str, Any]]) -> float:
    """Seconds without a login that was due, where one phase ends and the next begins."""
    due = sorted((record["due"], record["phase"]) for record in records)
    gaps: list[float] = [b[0] - a[0] for a, b in pairwise(due) if a[1] != b[1]]
    return max(gaps)


def test_the_flagship_in_30_seconds_passes_and_leaves_every_report(tmp_path: Path) -> None:
    """Outage, alert, gradual cure, verdict: in short, and judged as strictly as at full length."""
    run = Reproduce(tmp_path, **SHORT, **QUICK)
    code, said, progress = run.finish()

    assert code == 0, progress + said
    report = json.loads((run.out / "report.json").read_text())
    jsonschema.validate(report, json.loads((ROOT / "loadtest/report.schema.json").read_text()))
    phases = {phase["name"]: phase for phase in report["phases"]}
    assert list(phases) == ["baseline", "outage", "rebalance", "drain", "verify"]
    assert phases["outage"]["failing_share"] == pytest.approx(0.8, abs=0.05)
    assert phases["verify"]["failing_share"] < 0.01
    assert phases["verify"]["config_hash"] == phases["baseline"]["config_hash"]
    assert [a["fired_in"] for a in report["alerts"] if a["name"] == "LoginFailureSpike"] == [
        "outage"
    ]
    assert fromstring((run.out / "junit.xml").read_text()).get("failures") == "0"  # noqa: S314
    assert "<svg" in (run.out / "report.html").read_text()
    records = [*map(json.loads, (run.out / "exchanges.jsonl").read_text().splitlines())]
    assert len(records) == sum(phase["offered"] for phase in phases.values())
    assert longest_pause(records) < 1.0
    assert {"locust.html", "locust_stats.csv"} <= {path.name for path in run.out.iterdir()}
    run.assert_nothing_left()


def test_a_fault_that_does_nothing_ends_in_fail(tmp_path: Path) -> None:
    """A hot weight of 1 is no fault at all: exit 1, and the verdict says why. --json prints the
    report and nothing else."""
    lengths = {"baseline_s": 4, "outage_s": 5, "rebalance_s": 2, "verify_s": 4}
    run = Reproduce(tmp_path, "--json", hot_weight=1, **lengths, **QUICK)
    code, said, progress = run.finish()

    assert code == 1, progress + said
    report = json.loads(said)
    assert report == json.loads((run.out / "report.json").read_text())
    assert report["verdict"] == "fail"
    assert "the fault did nothing" in failed_checks(report)["outage: the fault took hold"]


def test_a_cure_left_out_ends_in_fail(tmp_path: Path) -> None:
    """The same traffic meets the same fault in `verify`: exit 1."""
    run = Reproduce(tmp_path, "--skip-cure", **SHORT, **QUICK)
    code, said, progress = run.finish()

    assert code == 1, progress + said
    report = json.loads((run.out / "report.json").read_text())
    assert (report["verdict"], report["cured"]) == ("fail", False)
    assert set(failed_checks(report)) == {
        "verify: failing share",
        "verify: attempts spread as configured",
        "LoginFailureSpike resolves",
    }


def test_a_generator_that_drops_logins_ends_in_invalid(tmp_path: Path) -> None:
    """An in-flight cap of 8 cannot hold an outage: exit 3, whatever else was seen."""
    lengths = {"baseline_s": 4, "outage_s": 5, "verify_s": 4}
    run = Reproduce(tmp_path, "--skip-cure", in_flight_cap=8, **lengths, **QUICK)
    code, said, progress = run.finish()

    assert code == 3, progress + said
    report = json.loads((run.out / "report.json").read_text())
    assert report["verdict"] == "invalid"
    assert "dropped" in failed_checks(report)["outage: the load was really offered"]


@pytest.mark.parametrize("wish", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, wish: signal.Signals) -> None:
    """Ctrl-C in the middle of a phase: exit 130, no process and no port left."""
    run = Reproduce(tmp_path, **SHORT)
    run.wait_for("── baseline")
    children = psutil.Process(run.process.pid).children(recursive=True)
    assert len(children) > 8  # Postgres, instances, balancer, monitor, Locust
    run.process.send_signal(wish)
    code, _, progress = run.finish()

    assert code == 130, progress
    assert "everything has been stopped" in progress
    until(lambda: not any(child.is_running() for child in children), "every part gone")
    run.assert_nothing_left()


def test_a_part_that_dies_ends_the_run_and_is_named(tmp_path: Path) -> None:
    """kill -9 of an instance: exit 2, the message says which, nothing is left."""
    run = Reproduce(tmp_path, **SHORT)
    run.wait_for("── baseline")
    children = psutil.Process(run.process.pid).children(recursive=True)
    [victim] = [child for child in children if "auth-3" in child.cmdline()]
    victim.kill()
    code, _, progress = run.finish()

    assert code == 2, progress
    assert re.search(r"could not run: auth-3 .*SIGKILL", progress)
    run.assert_nothing_left()


def test_a_busy_port_is_told_at_once(tmp_path: Path) -> None:
    """As in a second run beside a first: a message with a way out, not a failure midway."""
    base = unused_base()
    with socket.create_server((LOOPBACK, base)):
        refused = subprocess.run(
            [
                *[sys.executable, str(ROOT / "evenhand.py"), "reproduce"],
                *["--port-base", str(base), "--out", str(tmp_path / "second")],
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )

    assert refused.returncode == 2
    assert f"port {base}, which balancer needs, is in use by pid {os.getpid()}" in refused.stderr
    assert "--port-base" in refused.stderr
    assert "──" not in refused.stderr, "a phase began"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["weight-unit"], "Did you mean weight-units? There are: "),
        (["--set", "hot_wieght=8"], "Did you mean hot_weight?"),
    ],
)
def test_bad_input_is_explained(arguments: list[str], message: str, tmp_path: Path) -> None:
    """Exit 2 before anything is started."""
    code, _, progress = Reproduce(tmp_path, *arguments).finish()
    assert code == 2
    assert message in progress
