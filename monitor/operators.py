"""PromQL's binary operators and the rule by which the elements of two vectors find each other.

Source: prometheus/promql/engine.go (VectorBinop, VectorscalarBinop, resultMetric), release 2.42.
"""

import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from monitor.values import (
    NAME,
    EvaluationError,
    Labels,
    Value,
    Vector,
    drop,
    keep,
    show,
    vector_of,
    without_name,
)


@dataclass(frozen=True, slots=True)
class Matching:
    """Which labels two elements must share: those named (`on`), or all but those (`ignoring`)."""

    labels: frozenset[str] = frozenset()
    on: bool = False

    def signature(self, labels: Labels) -> Labels:
        """What must be equal on both sides; never the metric's name unless `on` names it."""
        if self.on:
            return keep(labels, self.labels)
        return drop(labels, self.labels | {NAME})

    def result(self, labels: Labels) -> Labels:
        """The labels of a one-to-one result, from those of its left element."""
        return keep(labels, self.labels) if self.on else drop(labels, self.labels)


def _divide(left: float, right: float) -> float:
    if right == 0:
        if left == 0 or math.isnan(left):
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1, right)
    return left / right


def _remainder(left: float, right: float) -> float:
    return math.nan if right == 0 or math.isinf(left) else math.fmod(left, right)


def _power(left: float, right: float) -> float:
    """Go's math.Pow: like C's, where Python raises instead."""
    odd = right % 2 == 1
    try:
        return math.pow(left, right)
    except OverflowError:
        return math.copysign(math.inf, left) if odd else math.inf
    except ValueError:
        if left == 0:
            return math.copysign(math.inf, left) if odd else math.inf
        return math.nan


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": _remainder,
    "^": _power,
}
COMPARISON: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Operator:
    """`+ - * / % ^`, or a comparison that filters, or (`as_bool`) one that answers 0 or 1."""

    sign: str
    as_bool: bool = False
    matching: Matching = Matching()

    def __call__(self, left: Value, right: Value) -> Value:
        """Combine two values; raises EvaluationError if elements match ambiguously."""
        if isinstance(left, dict):
            if isinstance(right, dict):
                return self._match(left, right)
            return vector_of(self._each(left, lambda value: (value, right)))
        if isinstance(right, dict):
            return vector_of(self._each(right, lambda value: (left, value)))
        # Between two numbers the parser lets a comparison through with `bool` only.
        return self._compute(left, right)

    def _compute(self, left: float, right: float) -> float:
        if self.sign in ARITHMETIC:
            return ARITHMETIC[self.sign](left, right)
        return float(COMPARISON[self.sign](left, right))

    def _each(
        self, vector: Vector, operands: Callable[[float], tuple[float, float]]
    ) -> Iterator[tuple[Labels, float]]:
        """A filter keeps the element's own value, whichever side it stands on."""
        filters = self.sign in COMPARISON and not self.as_bool
        for labels, value in vector.items():
            outcome = self._compute(*operands(value))
            if not filters:
                yield without_name(labels), outcome
            elif outcome:
                yield labels, value

    def _match(self, left: Vector, right: Vector) -> Vector:
        by_signature = _one_side(right, self.matching)
        filters = self.sign in COMPARISON and not self.as_bool
        taken: set[Labels] = set()
        result: list[tuple[Labels, float]] = []
        for labels, value in left.items():
            signature = self.matching.signature(labels)
            if signature not in by_signature:
                continue
            outcome = self._compute(value, by_signature[signature])
            if filters and not outcome:
                continue
            if signature in taken:
                raise EvaluationError(
                    f"several elements on the left match {show(signature)} on the right: "
                    "aggregate the left side, or name more labels in on(…)"
                )
            taken.add(signature)
            named = self.matching.result(labels)
            result.append((named, value) if filters else (without_name(named), outcome))
        return vector_of(result)


def _one_side(vector: Vector, matching: Matching) -> Vector:
    found: Vector = {}
    for labels, value in vector.items():
        signature = matching.signature(labels)
        if signature in found:
            raise EvaluationError(
                f"several elements on the right have {show(signature)}: "
                "aggregate the right side, or name more labels in on(…)"
            )
        found[signature] = value
    return found


def intersection(left: Vector, right: Vector, matching: Matching) -> Vector:
    """`and`: the left elements that have a partner on the right."""
    partners = {matching.signature(labels) for labels in right}
    return {k: v for k, v in left.items() if matching.signature(k) in partners}


def union(left: Vector, right: Vector, matching: Matching) -> Vector:
    """`or`: all of the left, and the right elements that have no partner there."""
    present = {matching.signature(labels) for labels in left}
    return left | {k: v for k, v in right.items() if matching.signature(k) not in present}


def difference(left: Vector, right: Vector, matching: Matching) -> Vector:
    """`unless`: the left elements without a partner on the right."""
    partners = {matching.signature(labels) for labels in right}
    return {k: v for k, v in left.items() if matching.signature(k) not in partners}


SETS: dict[str, Callable[[Vector, Vector, Matching], Vector]] = {
    "and": intersection,
    "or": union,
    "unless": difference,
}
