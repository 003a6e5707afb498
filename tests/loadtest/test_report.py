"""What a run leaves behind: report.json, junit.xml, report.html, and the lines on a terminal."""

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree.ElementTree import fromstring

import jsonschema
import pytest

from loadtest.junit import junit
from loadtest.measurement import Measurement
from loadtest.page import page
from loadtest.progress import Display, bar
from loadtest.report import report, to_text
from loadtest.reproduce import summary
from loadtest.scenario import Phase
from loadtest.verdict import judge
from tests.loadtest.runs import measurement, outcome, phase, with_phase

SCHEMA = Path(__file__).parents[2] / "loadtest" / "report.schema.json"
ISSUE = {
    "": {"scenario", "seed", "verdict", "phases", "alerts", "forecast"},
    "phase": {
        *("name", "offered", "achieved", "dropped", "failing_share", "failing_share_whole"),
        *("latency_s", "attempt_shares", "answer_shares", "unanswered_share"),
    },
    "alert": {"name", "fired_after_s", "resolved_after_s"},
}

nothing_sent = with_phase("drain", latency={"p50": float("nan"), "p95": float("nan"), "p99": 1.0})
every = pytest.mark.parametrize(
    "measured",
    [measurement(), measurement(alerts=[]), nothing_sent, with_phase("verify", dropped=9)],
    ids=["pass", "no alert", "nothing sent", "dropped"],
)


@every
def test_report_json_keeps_its_schema(measured: Measurement, tmp_path: Path) -> None:
    """Valid JSON without NaN, by the schema, with at least what the issue's example has."""
    document = json.loads(to_text(report(outcome(measured, tmp_path))))
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert set(document) >= ISSUE[""]
    assert set(document["phases"][0]) >= ISSUE["phase"]
    assert all(set(alert) >= ISSUE["alert"] for alert in document["alerts"])


def test_report_json_says_what_was_measured(tmp_path: Path) -> None:
    """The numbers of the story arrive where the issue's example shows them."""
    document = report(outcome(measurement(), tmp_path))
    outage = document["phases"][1]
    assert document["verdict"] == "pass"
    assert outage["failing_share"] == pytest.approx(0.8)
    assert outage["attempt_shares"]["auth-1"] == pytest.approx(0.8)
    assert outage["latency_s"]["p50"] == pytest.approx(2.0)
    assert document["alerts"][0]["fired_after_s"] == 9.0


def test_junit_tells_a_broken_measurement_from_a_broken_system() -> None:
    """One test case per check; `error` for validity, `failure` for the story."""
    bad = with_phase("verify", failing_share=0.5, achieved=300)
    checks = judge(bad)[1]
    root = fromstring(junit("evenhand.weight-units", 83.0, checks))  # noqa: S314 - our own text
    assert len(root.findall(".//testcase")) == len(checks)
    assert [case.get("name") for case in root.findall(".//testcase[failure]")] == [
        "verify: failing share"
    ]
    assert [case.get("name") for case in root.findall(".//testcase[error]")] == [
        "verify: the load was really offered"
    ]
    assert root.get("failures") == root.get("errors") == "1"


class Reader(HTMLParser):
    """Collects what a page would load from elsewhere, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "img", "iframe", "image"):
            self.loads.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "srcset")]

    def handle_data(self, data: str) -> None:
        self.text += data


@every
def test_the_page_is_one_self_contained_file(measured: Measurement, tmp_path: Path) -> None:
    """It loads nothing; it names the marks, every alert, every check and the emulation."""
    made = outcome(measured, tmp_path)
    html = page(made)
    reader = Reader()
    reader.feed(html)
    assert reader.loads == []
    assert "@import" not in html
    assert re.findall(r"url\((?!#)", html) == []
    for word in ("fault", "fix", "recovered", "EMULATED", *(check.name for check in made.checks)):
        assert word in reader.text
    assert all(alert.name in reader.text for alert in measured.alerts)


def test_the_page_of_a_run_without_cure_marks_no_fix(tmp_path: Path) -> None:
    """It shows the verdict in words, and nothing that did not happen."""
    good = measurement()
    phases = [*good.phases[:2], phase("verify", 2, good.forecast_shares, 80)]
    html = page(outcome(measurement(phases=phases, cured=False), tmp_path))
    assert "Fail: A weight counted in cores" in html
    assert "recovered" not in html


def test_the_same_run_draws_the_same_page(tmp_path: Path) -> None:
    """No dates and no random ids in the picture: reports can be compared."""
    made = outcome(measurement(), tmp_path)
    assert page(made) == page(made)


def test_the_summary_ends_with_the_verdict_and_where_to_read_on(tmp_path: Path) -> None:
    """And it names every check that did not hold."""
    text = summary(outcome(with_phase("baseline", failing_share=0.02), tmp_path))
    assert "FAIL" in text
    assert "✗ baseline: failing share" in text
    assert str(tmp_path / "report.html") in text


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["pipe", "terminal"])
def test_progress_shows_shares_success_and_alerts(stream: io.StringIO, tmp_path: Path) -> None:
    """On a terminal the block is repainted, elsewhere nothing but plain lines is written."""
    made = outcome(measurement(), tmp_path)
    made.journal.now = Phase("outage", "something breaks")
    made.journal.began = 1000.0
    display = Display(made.plan, stream)
    display.phase(made.journal.now)
    for _ in range(2):
        display.tick(made.journal, ["LoginFailureSpike"])
    said = stream.getvalue()
    assert "something breaks" in said
    assert "LoginFailureSpike" in said
    assert ("\x1b[" in said) is stream.isatty()


@pytest.mark.parametrize(("share", "full"), [(0.0, 0), (0.5, 15), (1.0, 30), (1.7, 30), (-1, 0)])
def test_a_bar_has_always_the_same_width(share: float, full: int) -> None:
    """Whatever the share."""
    assert (bar(share).count("█"), len(bar(share))) == (full, 30)
