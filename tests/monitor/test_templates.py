"""Annotations come out as Prometheus would write them, or are refused at load."""

import pytest

from monitor.templates import check_template, expand, go_exponent, go_float


@pytest.mark.parametrize(
    ("value", "shown", "percentage"),
    [
        (1234567.0, "1.234567e+06", "1.235e+08%"),
        (123456789012345678901234.0, "1.2345678901234569e+23", "1.235e+25%"),
        (0.00001234, "1.234e-05", "0.001234%"),
        (100.0, "100", "1e+04%"),
        (0.8125, "0.8125", "81.25%"),
        (-0.00012, "-0.00012", "-0.012%"),
        (1000000.0, "1e+06", "1e+08%"),
        (0.0, "0", "0%"),
        (float("nan"), "NaN", "NaN%"),
        (float("-inf"), "-Inf", "-Inf%"),
    ],
)
def test_values_are_written_as_go_writes_them(value: float, shown: str, percentage: str) -> None:
    """Compared with what promtool prints for the same values."""
    text = "{{ $value }} {{$value | humanizePercentage}}"

    assert expand(text, {}, value) == f"{shown} {percentage}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.0, "1e+00"), (0.8125, "8.125e-01"), (0.0, "0e+00"), (-250.0, "-2.5e+02")],
)
def test_the_alerts_page_gives_values_with_exponents(value: float, shown: str) -> None:
    """Prometheus's API formats an alert's value with strconv's 'e'."""
    assert go_exponent(value) == shown


def test_a_missing_label_gives_nothing() -> None:
    """As in Prometheus: an alert without the label must still be sent."""
    assert expand("[{{ $labels.pool }}{{$labels.nix}}]", {"pool": "a"}, 1.0) == "[a]"


@pytest.mark.parametrize(
    "text",
    [
        "{{ $value | humanize }}", "{{ if $value }}x{{ end }}", "{{- $value }}", "{{ $labels }}",
        "{{ $value", '{{ $labels.a | title }}', "{{ $externalLabels.x }}",
    ],
)  # fmt: skip
def test_what_cannot_be_expanded_is_refused(text: str) -> None:
    """When rules are loaded, not at three in the morning."""
    with pytest.raises(ValueError, match=r"cannot expand|never closed"):
        check_template(text)


def test_shortest_digits() -> None:
    """The digits that identify the float, not more."""
    assert go_float(0.1 + 0.2) == "0.30000000000000004"
