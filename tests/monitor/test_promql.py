"""The evaluator on vectors computed by hand, and what must hold for any counter."""

import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.promql import UnsupportedError, compile_expression
from monitor.selectors import Instant
from monitor.store import Store
from monitor.values import NAME, EvaluationError, Value, labels_of

Series = tuple[str, dict[str, str], list[float | None]]


def evaluate(text: str, series: Iterable[Series], at_s: float = 60.0, step_s: int = 10) -> Value:
    """Evaluate over series sampled every `step_s` seconds from 0; None ends a series."""
    store = Store(retention_ms=3_600_000, max_samples=10_000)
    for name, labels, values in series:
        for i, value in enumerate(values):
            store.append(labels_of([(NAME, name), *labels.items()]), i * step_s * 1000, value)
    return compile_expression(text).evaluate(Instant(store, round(at_s * 1000), 300_000))


def only(value: Value) -> float:
    """The one element of a vector without labels."""
    assert isinstance(value, dict)
    assert list(value) == [()]
    return value[()]


COUNTER: list[Series] = [("c", {}, [5, 11, 17, 23, 29, 35, 41])]
GAUGES: list[Series] = [
    ("g", {"pool": "a", "endpoint": "1"}, [1.0]),
    ("g", {"pool": "a", "endpoint": "2"}, [3.0]),
    ("g", {"pool": "b", "endpoint": "1"}, [10.0]),
    ("limit", {"endpoint": "1", "zone": "x"}, [2.0]),
    ("limit", {"endpoint": "2", "zone": "x"}, [5.0]),
]


@pytest.mark.parametrize(
    ("text", "values", "at_s", "expected"),
    [
        # Six steps of 6 in 60 s; samples on both edges, nothing to extrapolate.
        ("increase(c[60s])", [5, 11, 17, 23, 29, 35, 41], 60, 36.0),
        ("rate(c[60s])", [5, 11, 17, 23, 29, 35, 41], 60, 0.6),
        # 5 s past the last sample: both edges are within 1.1 spacings, so 50 s stretch to 60 s.
        ("increase(c[60s])", [50, 56, 62, 68, 74, 80, 86], 65, 36.0),
        # The counter began at zero 10/6 s before its first sample: it cannot have begun earlier.
        ("increase(c[60s])", [1, 7, 13, 19], 35, 18.0 * (30 + 10 / 6 + 5) / 30),
        # The series ended 35 s before the edge: half a spacing is added, not all of it.
        ("increase(c[60s])", [0, 6, 12, None, None], 55, 12.0 * (20 + 0 + 5) / 20),
        # A reset: 10 → 4 means that it went on from 0 to 4.
        ("increase(c[40s])", [0, 5, 10, 4, 9], 40, 19.0),
        ("increase(c[10s] offset 20s)", [0, 5, 10, 4, 9], 40, 5.0),
        ("changes(c[60s])", [1, 1, 2, math.nan, math.nan, 2, 2], 60, 3.0),
        ("max_over_time(c[60s])", [1, math.nan, 5, 2], 60, 5.0),
        ("min_over_time(c[60s])", [4, math.nan, 5, 2], 60, 2.0),
        ("avg_over_time(c[60s])", [1, 2, 6], 60, 3.0),
    ],
)
def test_functions_over_a_window(
    text: str, values: list[float | None], at_s: float, expected: float
) -> None:
    """Values worked out by hand from extrapolatedRate and its neighbours in functions.go."""
    found = only(evaluate(text, [("c", {}, values)], at_s))

    assert found == pytest.approx(expected, rel=1e-12)


def test_one_sample_has_no_rate() -> None:
    """A rate needs two samples, as in Prometheus; a single one gives no element."""
    assert evaluate("rate(c[15s])", [("c", {}, [5])], 5) == {}


@pytest.mark.parametrize(
    ("at_s", "expected"),
    [(0, 7.0), (300, 7.0), (300.001, None)],
)
def test_an_instant_selector_looks_back_five_minutes(at_s: float, expected: float | None) -> None:
    """Up to and including 300 s; Prometheus 2's bound."""
    found = evaluate("g", [("g", {}, [7.0])], at_s)

    assert found == ({} if expected is None else {((NAME, "g"),): expected})


def test_an_ended_series_is_gone_at_once() -> None:
    """A stale marker hides the series from selectors although it is within the lookback."""
    assert evaluate("g", [("g", {}, [7.0, None])], 15) == {}
    assert evaluate("g", [("g", {}, [7.0, None])], 9) == {((NAME, "g"),): 7.0}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum by (pool) (g)", {"a": 4.0, "b": 10.0}),
        ("max by (pool) (g)", {"a": 3.0, "b": 10.0}),
        ("min by (pool) (g)", {"a": 1.0, "b": 10.0}),
        ("avg by (pool) (g)", {"a": 2.0, "b": 10.0}),
        ("count by (pool) (g)", {"a": 2.0, "b": 1.0}),
        ("sum without (endpoint) (g)", {"a": 4.0, "b": 10.0}),
        ('sum by (pool) (g{endpoint="1"})', {"a": 1.0, "b": 10.0}),
        ('sum by (pool) (g{endpoint!="1"})', {"a": 3.0}),
        ('sum by (pool) (g{endpoint=~"2|3"})', {"a": 3.0}),
        ('sum by (pool) (g{pool!~"b.*"})', {"a": 4.0}),
        ('sum by (pool) (g{missing=""})', {"a": 4.0, "b": 10.0}),
    ],
)
def test_aggregation_and_matchers(text: str, expected: dict[str, float]) -> None:
    """Groups keep the labels asked for; regular expressions match whole values."""
    assert evaluate(text, GAUGES, 0) == {(("pool", k),): v for k, v in expected.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum by (endpoint) (g) / on (endpoint) limit", {"1": 5.5, "2": 0.6}),
        ("sum by (endpoint) (g) / ignoring (zone) limit", {"1": 5.5, "2": 0.6}),
        ("sum by (endpoint) (g) > on (endpoint) limit", {"1": 11.0}),
        ("sum by (endpoint) (g) > bool on (endpoint) limit", {"1": 1.0, "2": 0.0}),
        ("10 < sum by (endpoint) (g)", {"1": 11.0}),
        ("-sum by (endpoint) (g) ^ 2", {"1": -121.0, "2": -9.0}),
        ("sum by (endpoint) (g) % 4 and on (endpoint) limit", {"1": 3.0, "2": 3.0}),
        ("sum by (endpoint) (g) unless on (endpoint) limit > 2", {"1": 11.0}),
        ("sum by (endpoint) (limit > 2) or sum by (endpoint) (g)", {"1": 11.0, "2": 5.0}),
    ],
)
def test_operators_between_vectors(text: str, expected: dict[str, float]) -> None:
    """Elements meet by `on` or `ignoring`; a filter keeps the left element's value."""
    assert evaluate(text, GAUGES, 0) == {(("endpoint", k),): v for k, v in expected.items()}


def test_a_filter_keeps_the_name_and_arithmetic_drops_it() -> None:
    """A filtered metric is still that metric, a computed value is not."""
    assert evaluate("limit > 4", GAUGES, 0) == {
        (("__name__", "limit"), ("endpoint", "2"), ("zone", "x")): 5.0
    }
    assert evaluate("limit * 2 > 8", GAUGES, 0) == {(("endpoint", "2"), ("zone", "x")): 10.0}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 / 0", math.inf), ("-1 / 0", -math.inf), ("7 % 0", math.nan), ("0 / 0", math.nan),
        ("2 ^ 3 ^ 2", 512.0), ("0 ^ -1", math.inf), ("(-8) ^ 0.5", math.nan),
        ("10 ^ 400", math.inf), ("Inf % 2", math.nan), ("-7 % 3", -1.0), ("time()", 60.0),
        ("1 + 2 * 3 == bool 7", 1.0),
    ],
)  # fmt: skip
def test_numbers(text: str, expected: float) -> None:
    """Division by zero and overflow give what Go gives: no exception, ever."""
    assert evaluate(text, []) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("text", ["g / on (pool) g", "g * on (endpoint) sum by (endpoint) (g)"])
def test_ambiguous_matches_are_an_error(text: str) -> None:
    """Prometheus refuses to guess which element was meant; so do we."""
    with pytest.raises(EvaluationError, match="aggregate the"):
        evaluate(text, GAUGES, 0)


def test_the_same_labels_twice_are_an_error() -> None:
    """Dropping the name must not merge two metrics in silence."""
    with pytest.raises(EvaluationError, match="twice"):
        evaluate('rate({__name__=~"c|d"}[60s])', [*COUNTER, ("d", {}, [1, 2])])


@pytest.mark.parametrize(
    ("text", "construct"),
    [
        ("histogram_quantile(0.9, x)", r"histogram_quantile\(\)"),
        ("topk(3, x)", "topk"),
        ("x / on (a) group_left () y", "group_left"),
        ("x * on (a) group_right (b) y", "group_right"),
        ("max_over_time(rate(x[1m])[5m:10s])", "subquery"),
        ("x @ 30", "@ modifier"),
        ("x atan2 y", "atan2"),
        ('x{a="1" or b="2"}', "`or` between label matchers"),
        ("x + fill_left(0) y", "fill"),
        ("x[5m]", "MatrixSelector"),
        ('"text"', "StringLiteral"),
    ],
)
def test_what_is_not_known_is_refused_by_name(text: str, construct: str) -> None:
    """The error says which construct, so that nobody has to guess."""
    with pytest.raises(UnsupportedError, match=construct):
        compile_expression(text)


COUNTS = st.lists(st.floats(0, 1e9), min_size=2, max_size=30)


@given(values=COUNTS)
def test_a_rate_is_never_negative(values: list[float]) -> None:
    """Whatever resets there are: a counter counts upwards only."""
    result = evaluate("rate(c[5m])", [("c", {}, list(values))], 300)

    assert isinstance(result, dict)
    assert all(value >= 0 for value in result.values())


@given(steps=st.lists(st.integers(0, 1000), min_size=1, max_size=30))
def test_growth_between_samples_on_both_edges_is_counted_exactly(steps: list[int]) -> None:
    """With a sample on each edge nothing is extrapolated: increase is last minus first."""
    values: list[float | None] = [float(sum(steps[:i])) for i in range(len(steps) + 1)]
    result = evaluate(f"increase(c[{10 * len(steps)}s])", [("c", {}, values)], 10.0 * len(steps))

    assert only(result) == pytest.approx(sum(steps), rel=1e-9)


@given(before=st.integers(1, 500), after=st.integers(0, 500))
def test_a_reset_loses_only_what_was_not_scraped(before: int, after: int) -> None:
    """A restart between two scrapes counts what was reached before and after it."""
    values: list[float | None] = [0.0, 1000.0, 1000.0 + before, float(after), float(after)]
    result = evaluate("increase(c[40s])", [("c", {}, values)], 40.0)

    assert only(result) == pytest.approx(1000 + before + after)
