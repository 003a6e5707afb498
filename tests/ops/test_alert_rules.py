"""What every alert rule that we ship must have, and may name."""

import re
from collections.abc import Iterator
from pathlib import Path

import promql_parser as ast
import pytest
import yaml

from monitor.compression import compress_group, compress_rule
from monitor.rulefile import load_rules
from monitor.rules import AlertRule
from tests.ops.names import ALERTS, METRICS, TARGET

ROOT = Path(__file__).parents[2]
RULES = [rule for group in load_rules(ROOT / "ops" / "alerts") for rule in group.rules]
SEVERITIES = {"page", "ticket", "info", "none"}

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def selectors(expression: str) -> list[ast.VectorSelector]:
    """Every selector of an expression, those of windows included."""
    found: list[ast.VectorSelector] = []

    def visit(node: ast.Expr) -> None:
        if isinstance(node, ast.MatrixSelector):
            found.append(node.vector_selector)
        elif isinstance(node, ast.VectorSelector):
            found.append(node)

    ast.walk(ast.parse(expression), visit)
    return found


def grouping_labels(expression: str) -> Iterator[str]:
    """Every label that an aggregation groups by."""
    found: list[str] = []

    def visit(node: ast.Expr) -> None:
        if isinstance(node, ast.AggregateExpr) and node.modifier is not None:
            found.extend(node.modifier.labels)

    ast.walk(ast.parse(expression), visit)
    return iter(found)


@each_rule
def test_its_metrics_exist_with_those_labels(rule: AlertRule) -> None:
    """A renamed metric or label would make the alert silent for ever."""
    own: set[str] = set()
    for selector in selectors(rule.expression):
        assert selector.name in METRICS, f"{rule.name}: no metric is called {selector.name}"
        labels = METRICS[selector.name] | TARGET
        own |= labels
        for matcher in selector.matchers.matchers:
            assert matcher.name in labels, f"{selector.name} has no label {matcher.name}"
    assert set(grouping_labels(rule.expression)) <= own


@each_rule
def test_it_is_named_and_explained(rule: AlertRule) -> None:
    """A known name and severity, a summary, a description, and its own runbook."""
    assert rule.name in ALERTS
    assert rule.labels["severity"] in SEVERITIES
    assert rule.annotations["summary"]
    assert rule.annotations["description"]
    assert rule.annotations["runbook_url"] == f"ops/runbooks/{rule.name}.md"


@each_rule
def test_its_runbook_answers_four_questions(rule: AlertRule) -> None:
    """Means, Look at, Do, Do not: in this order, none of them empty, nothing beside them."""
    text = (ROOT / rule.annotations["runbook_url"]).read_text(encoding="utf-8")

    headings = re.findall(r"^#+ .*$", text, re.MULTILINE)

    assert headings == [f"# {rule.name}", "## Means", "## Look at", "## Do", "## Do not"]
    assert all(len(part.split()) > 10 for part in text.split("\n## ")[1:])


@each_rule
def test_its_annotations_name_no_window(rule: AlertRule) -> None:
    """In the lab a five-minute window lasts ten seconds: a number in the text would be wrong."""
    words = " ".join(rule.annotations.values())

    assert not re.search(r"\b(\d+ ?(s|m|min)|minutes?)\b", words), words


@each_rule
def test_it_compresses_to_whole_seconds(rule: AlertRule) -> None:
    """Divided by the lab's 30, each window is what the author can say: no odd milliseconds."""
    lab = compress_rule(rule, 30)

    windows = re.findall(r"\[(\w+)\]", lab.expression)
    assert all(re.fullmatch(r"\d+s", window) for window in windows)
    assert lab.for_ms % 1000 == 0


def test_every_runbook_has_its_alert() -> None:
    """A runbook that no alert links to is never found."""
    runbooks = {path.stem for path in (ROOT / "ops" / "runbooks").glob("*.md")}

    assert runbooks == {rule.name for rule in RULES}


def test_links_between_runbooks_lead_somewhere() -> None:
    """At three in the morning a dead link is the last thing anybody needs."""
    for path in (ROOT / "ops" / "runbooks").glob("*.md"):
        for target in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).is_file(), f"{path.name} links to {target}"


def test_metrics_in_runbooks_exist() -> None:
    """A runbook that greps for a metric which nobody exposes sends people astray."""
    prefixes = ("auth_db_", "auth_hash_")
    for path in (ROOT / "ops" / "runbooks").glob("*.md"):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"\b(?:lb|auth)_[a-z_]+", text):
            known = name in METRICS or name in prefixes
            assert known, f"{path.name} names {name}"


def test_groups_are_evaluated_as_often_as_prometheus_scrapes_or_less() -> None:
    """Evaluating between scrapes would cost and show nothing; the lab's floor is one second."""
    config = yaml.safe_load((ROOT / "ops/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    scrape_s = int(config["global"]["scrape_interval"].removesuffix("s"))

    for group in load_rules(ROOT / "ops" / "alerts"):
        if group.interval_ms is not None:
            assert group.interval_ms >= scrape_s * 1000
            assert (compress_group(group, 30).interval_ms or 0) >= 1000


def test_prometheus_scrapes_what_the_monitor_scrapes() -> None:
    """Same jobs and instance names, so that a rule sees the same labels in both."""
    config = yaml.safe_load((ROOT / "ops/prometheus/prometheus.yml").read_text(encoding="utf-8"))

    targets = {
        (job["job_name"], static["labels"]["instance"])
        for job in config["scrape_configs"]
        for static in job["static_configs"]
    }

    assert targets == {
        ("balancer", "balancer"),
        ("monitor", "monitor"),
        *(("authsvc", f"auth-{i}") for i in range(1, 6)),
    }
