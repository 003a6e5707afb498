"""Metrics pages: the library's parser, remembered lines, and the target's labels."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, generate_latest

from monitor.exposition import Exposition
from monitor.values import NAME, labels_of

TARGET = {"job": "authsvc", "instance": "auth-1"}


def label(name: str, **own: str) -> tuple[tuple[str, str], ...]:
    return labels_of([(NAME, name), *own.items(), *TARGET.items()])


def test_values_and_labels_are_read() -> None:
    """Comments are skipped, infinities and NaN understood, job and instance added."""
    page = (
        "# HELP x_total Some help with spaces\n# TYPE x_total counter\n"
        'x_total{a="b c } 7",d="e\\"f\\\\"} 3\nfull +Inf\nodd NaN\n'
    )

    values = Exposition(TARGET).read(page)

    assert values[label("x_total", a="b c } 7", d='e"f\\')] == 3
    assert values[label("full")] == math.inf
    assert math.isnan(values[label("odd")])


def test_the_second_reading_of_a_page_gives_the_same() -> None:
    """Remembered lines must mean what parsed ones meant, timestamps included."""
    exposition = Exposition(TARGET)
    page = 'a{b="1"} 2\na{b="2"} 3 1700000000000\nplain 4\nplain2 5 0\n'

    first, second = exposition.read(page), exposition.read(page)

    assert first == second
    assert first[label("a", b="2")] == 3
    assert first[label("plain2")] == 5


def test_the_targets_labels_win() -> None:
    """A page cannot claim to be another instance; its own word is kept as exported_instance."""
    values = Exposition(TARGET).read('x{instance="auth-9"} 1\n')

    assert values == {label("x", exported_instance="auth-9"): 1.0}


@pytest.mark.parametrize("page", ["<html>", "x one", "x", '{"json": true}'])
def test_what_is_no_metrics_page_is_refused(page: str) -> None:
    """The scrape fails, and says so, rather than storing half a page."""
    with pytest.raises(ValueError, match=r".*"):
        Exposition(TARGET).read(page)


@given(st.dictionaries(st.text(max_size=12), st.floats(0, 1e12), max_size=8))
def test_whatever_the_client_library_writes_is_read_back(counts: dict[str, float]) -> None:
    """Any label value survives, on the first reading and from memory."""
    registry = CollectorRegistry()
    counter = Counter("x", "help", ["label"], registry=registry)
    for value, count in counts.items():
        counter.labels(value).inc(count)
    page = generate_latest(registry).decode()
    exposition = Exposition(TARGET)

    for _ in range(2):
        read = exposition.read(page)
        for value, count in counts.items():
            assert read[label("x_total", label=value)] == count
