"""Rule files: what is wrong with one is said with file, group, rule and field."""

from pathlib import Path

import pytest

from monitor.rulefile import load_rules, read_rule_file, show_rules
from monitor.rules import AlertRule, RuleError, RuleGroup

GOOD = """
groups:
  - name: logins
    interval: 30s
    rules:
      - alert: Spike
        expr: rate(x[5m]) > 1
        for: 90s
        keep_firing_for: 1m
        labels: {severity: page}
        annotations: {summary: "{{ $value }} on {{ $labels.pool }}"}
"""


def write(folder: Path, text: str, name: str = "rules.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_rule_file_is_read_whole(tmp_path: Path) -> None:
    """Every field arrives, durations in milliseconds."""
    write(tmp_path, GOOD)

    assert load_rules(tmp_path) == [
        RuleGroup(
            "logins",
            (
                AlertRule(
                    "Spike",
                    "rate(x[5m]) > 1",
                    90_000,
                    60_000,
                    {"severity": "page"},
                    {"summary": "{{ $value }} on {{ $labels.pool }}"},
                ),
            ),
            30_000,
        )
    ]


def test_printed_rules_are_read_back_the_same(tmp_path: Path) -> None:
    """What `evenhand monitor rules` prints is the same rules, multi-line expressions included."""
    write(tmp_path, GOOD.replace("expr: rate(x[5m]) > 1", "expr: |-\n          x\n            > 1"))
    groups = load_rules(tmp_path)

    printed = write(tmp_path, show_rules(groups), "printed")

    assert read_rule_file(printed) == groups


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ("rate(x[5m]) > 1", "rate(x[5m) > 1", "group 'logins', rule 'Spike', field 'expr': "),
        (
            "rate(x[5m]) > 1", "topk(3, x)",
            "group 'logins', rule 'Spike', field 'expr': the aggregation topk is not supported",
        ),
        (
            "for: 90s", "for: 90 parsecs",
            "group 'logins', rule 'Spike', field 'for': '90 parsecs' is not a duration such as 90s",
        ),
        ("for: 90s", "fro: 90s", "rule 'Spike', field 'fro': unknown key; did you mean 'for'?"),
        ("interval: 30s", "limit: 3", "group 'logins', field 'limit': unknown key; there are name"),
        ("{severity: page}", "{severity: 1}", "field 'labels.severity': Input should be a valid s"),
        (
            '"{{ $value }} on', '"{{ $value | humanize }} on',
            "rule 'Spike', field 'annotations': 'summary': cannot expand {{ $value | humanize }}",
        ),
        ("alert: Spike", "record: a:b", "rule number 1, field 'record': recording rules are not s"),
        ("alert: Spike", "alert: my spike", "rule 'my spike', field 'alert': String should match"),
        ("- name: logins\n    inter", "- inter", "group number 1, field 'name': Field required"),
        ("groups:", "groups: {", "rules.yml:"),
        ("interval: 30s", "interval: 30s\n    interval: 60s", "rules.yml:5:5: not YAML: the key '"),
        (GOOD, "", "rules.yml: the whole of it: "),
    ],
)  # fmt: skip
def test_errors_say_where_and_what(tmp_path: Path, good: str, bad: str, complaint: str) -> None:
    """One look at the message is enough to put the file right."""
    assert good in GOOD
    write(tmp_path, GOOD.replace(good, bad))

    with pytest.raises(RuleError) as caught:
        load_rules(tmp_path)

    assert str(caught.value).startswith(str(tmp_path / "rules.yml"))
    assert complaint in str(caught.value)


def test_a_group_name_occurs_once(tmp_path: Path) -> None:
    """All groups are printed as one file, where Prometheus wants them distinct."""
    write(tmp_path, GOOD, "a.yml")
    write(tmp_path, GOOD, "b.yml")

    with pytest.raises(RuleError, match=r"b\.yml: group 'logins' is also in .*a\.yml: rename one"):
        load_rules(tmp_path)


def test_a_folder_without_rules_is_an_error(tmp_path: Path) -> None:
    """A monitor without rules would be silent for ever."""
    with pytest.raises(RuleError, match="no rule files there"):
        load_rules(tmp_path)
