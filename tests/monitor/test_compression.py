"""One factor divides every window, in the text and for the parser alike."""

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.compression import (
    check_windows,
    compress_duration,
    compress_expression,
    compress_group,
    durations,
)
from monitor.durations import parse_duration, show_duration
from monitor.rules import AlertRule, RuleError, RuleGroup


@pytest.mark.parametrize(
    ("text", "compressed"),
    [
        ("rate(x[5m])", "rate(x[10s])"),
        ("rate(x[ 5m ] offset 1m)", "rate(x[ 10s ] offset 2s)"),
        ("x offset -5m", "x offset -10s"),
        ("rate(x[1h30m])", "rate(x[3m])"),
        ("rate(x[1s])", "rate(x[33ms])"),
        ("max_over_time(rate(x[1m])[5m:30s])", "max_over_time(rate(x[2s])[10s:1s])"),
        ('rate(x{a="[5m]",b="\\"offset 5m"}[5m])', 'rate(x{a="[5m]",b="\\"offset 5m"}[10s])'),
        ("x{a=`[5m]`} # over [5m]\n> 300", "x{a=`[5m]`} # over [5m]\n> 300"),
        ("sum by (offset) (offset offset 5m)", "sum by (offset) (offset offset 10s)"),
    ],
)
def test_only_durations_change(text: str, compressed: str) -> None:
    """Strings, comments, names and layout stay as the author wrote them."""
    assert compress_expression(text, 30) == compressed


@given(st.lists(st.integers(1, 10_000_000), min_size=1, max_size=4), st.integers(1, 60))
def test_the_parser_sees_each_duration_divided(lengths: list[int], factor: int) -> None:
    """The result is PromQL, with whole milliseconds, for any windows and factor."""
    lengths = [length * factor for length in lengths]
    text = " + ".join(f"rate(x[{show_duration(length)}])" for length in lengths)

    compressed = promql_parser.parse(compress_expression(text, factor))

    assert durations(compressed) == [length // factor for length in lengths]


def test_a_duration_that_it_cannot_rewrite_is_an_error() -> None:
    """A bare number of seconds is a duration for the parser, but has no unit to rewrite."""
    with pytest.raises(ValueError, match=r"cannot compress .* write each as in \[5m\]"):
        compress_expression("rate(x[300])", 30)


def test_a_window_must_not_vanish() -> None:
    """PromQL knows nothing shorter than a millisecond."""
    with pytest.raises(ValueError, match="compress less"):
        compress_duration(10, 30)


def test_a_group_is_compressed_whole() -> None:
    """Interval, `for` and `keep_firing_for` shrink with the windows."""
    rule = AlertRule("A", "rate(x[5m]) > 1", for_ms=90_000, keep_firing_ms=60_000)

    compressed = compress_group(RuleGroup("g", (rule,), 30_000), 30)

    assert compressed.interval_ms == 1000
    assert compressed.rules == (AlertRule("A", "rate(x[10s]) > 1", 3000, 2000),)
    assert compress_group(compressed, 1) is compressed


@pytest.mark.parametrize(
    ("window", "hint"), [("1s", "shorter than two scrapes"), ("1h", "longer than samples are kept")]
)
def test_windows_that_cannot_work_are_refused(window: str, hint: str) -> None:
    """A rate over less than two scrapes, or beyond the store's memory, would be silently empty."""
    group = RuleGroup("g", (AlertRule("A", f"rate(x[{window}]) > 1"),))

    with pytest.raises(RuleError, match=f"group 'g', rule 'A': .*{hint}"):
        check_windows([group], interval_ms=1000, retention_ms=900_000)


@given(st.integers(0, 2**32 - 1))  # the parser reads no greater count of a unit
def test_durations_survive_being_written_and_read(length: int) -> None:
    """Writing and reading a duration is exact to the millisecond."""
    assert parse_duration(show_duration(length)) == length


@pytest.mark.parametrize("text", ["90", "1.5m", "5 m", "-5m", "", "ninety"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """The message says what a duration looks like."""
    with pytest.raises(ValueError, match="not a duration such as 90s"):
        parse_duration(text)
