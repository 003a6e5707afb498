"""From PromQL text to something that can be evaluated; what cannot be is refused here, by name.

The library parses and type-checks; `compile_expression` walks its tree once, so the same code
that knows a construct is the code that refuses one: there is no second list to keep in step.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, cast

import promql_parser as ast

from monitor.aggregation import AGGREGATIONS, Grouping, aggregate
from monitor.durations import milliseconds
from monitor.functions import RANGE_FUNCTIONS, Window
from monitor.operators import ARITHMETIC, COMPARISON, SETS, Matching, Operator
from monitor.selectors import Instant, MatchKind, Selector, matcher
from monitor.values import Value, Vector, vector_of, without_name

Evaluate: TypeAlias = Callable[[Instant], Value]

KINDS: dict[str, MatchKind] = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


class UnsupportedError(ValueError):
    """Valid PromQL that this evaluator does not know; the message names the construct."""


@dataclass(frozen=True, slots=True)
class Query:
    """A compiled expression."""

    text: str
    evaluate: Evaluate


def compile_expression(text: str) -> Query:
    """Compile PromQL.

    Raises ValueError with the parser's words for text that is not PromQL, and UnsupportedError
    naming the construct for PromQL beyond what this evaluator knows.
    """
    return Query(text, _compile(ast.parse(text)))


def _compile(node: ast.Expr) -> Evaluate:
    compiler = COMPILERS.get(type(node))
    if compiler is None:
        raise UnsupportedError(f"{type(node).__name__} `{node}` is not supported")
    return compiler(node)


def _number(node: ast.NumberLiteral) -> Evaluate:
    number = node.val
    return lambda at: number


def _paren(node: ast.ParenExpr) -> Evaluate:
    return _compile(node.expr)


def _negation(node: ast.UnaryExpr) -> Evaluate:
    operand, negate = _compile(node.expr), Operator("*")
    return lambda at: negate(operand(at), -1.0)


def _selector(node: ast.VectorSelector) -> Selector:
    if node.at is not None:
        raise UnsupportedError(f"the @ modifier of `{node}` is not supported")
    if node.matchers.or_matchers:
        raise UnsupportedError(f"`or` between label matchers in `{node}` is not supported")
    try:
        tests = tuple(
            matcher(m.name, KINDS[str(m.op).rpartition(".")[2]], m.value)
            for m in node.matchers.matchers
        )
    except re.error as error:
        raise UnsupportedError(f"a regular expression of `{node}`: {error}") from None
    return Selector(node.name, tests, milliseconds(node.offset) if node.offset else 0)


def _call(node: ast.Call) -> Evaluate:
    name = node.func.name
    if name in RANGE_FUNCTIONS:
        return _over_range(name, node.args[0])
    if name == "time":
        return lambda at: at.at_ms / 1000
    if name == "vector":
        scalar = cast("Callable[[Instant], float]", _compile(node.args[0]))
        return lambda at: {(): scalar(at)}
    known = ", ".join(sorted([*RANGE_FUNCTIONS, "time", "vector"]))
    raise UnsupportedError(f"the function {name}() is not supported; there are {known}")


def _over_range(name: str, node: ast.Expr) -> Evaluate:
    if not isinstance(node, ast.MatrixSelector):
        raise UnsupportedError(f"{name}() over a subquery, `{node}`, is not supported")
    selector, length_ms = _selector(node.vector_selector), milliseconds(node.range)
    function = RANGE_FUNCTIONS[name]

    def evaluate(at: Instant) -> Vector:
        end = at.at_ms - selector.offset_ms
        start = end - length_ms
        results = (
            (without_name(s.labels), function(Window(s.window(start, end), start, end)))
            for s in selector.series(at.store)
        )
        return vector_of((labels, value) for labels, value in results if value is not None)

    return evaluate


def _aggregation(node: ast.AggregateExpr) -> Evaluate:
    name, modifier = str(node.op), node.modifier
    if name not in AGGREGATIONS:
        known = ", ".join(AGGREGATIONS)
        raise UnsupportedError(f"the aggregation {name} is not supported; there are {known}")
    grouping = Grouping()
    if modifier is not None:
        without = bool(modifier.type == ast.AggModifierType.Without)
        grouping = Grouping(frozenset(modifier.labels), without)
    operand = cast("Callable[[Instant], Vector]", _compile(node.expr))
    return lambda at: aggregate(name, grouping, operand(at))


def _binary(node: ast.BinaryExpr) -> Evaluate:
    sign = str(node.op)
    left, right = _compile(node.lhs), _compile(node.rhs)
    matching, as_bool = _matching(node)
    if sign in SETS:
        combine = SETS[sign]
        return lambda at: combine(cast("Vector", left(at)), cast("Vector", right(at)), matching)
    if sign not in ARITHMETIC and sign not in COMPARISON:
        raise UnsupportedError(f"the operator {sign} is not supported")
    compute = Operator(sign, as_bool, matching)
    return lambda at: compute(left(at), right(at))


def _matching(node: ast.BinaryExpr) -> tuple[Matching, bool]:
    modifier = node.modifier
    if modifier is None:
        return Matching(), False
    for card, name in GROUPED.items():
        if str(modifier.card) == card:
            raise UnsupportedError(f"{name} in `{node}` is not supported")
    fill = modifier.fill_values
    if fill.lhs is not None or fill.rhs is not None:
        raise UnsupportedError(f"fill in `{node}` is not supported")
    if modifier.matching is None:
        return Matching(), modifier.return_bool
    on = bool(modifier.matching.type == ast.LabelModifierType.Include)
    return Matching(frozenset(modifier.matching.labels), on), modifier.return_bool


GROUPED = {
    "VectorMatchCardinality.ManyToOne": "group_left",
    "VectorMatchCardinality.OneToMany": "group_right",
}
COMPILERS: dict[type[ast.Expr], Callable[..., Evaluate]] = {
    ast.NumberLiteral: _number,
    ast.ParenExpr: _paren,
    ast.UnaryExpr: _negation,
    ast.VectorSelector: lambda node: _selector(node).evaluate,
    ast.Call: _call,
    ast.AggregateExpr: _aggregation,
    ast.BinaryExpr: _binary,
}
