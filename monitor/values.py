"""What an expression is worth at one instant: a number, or a vector of labelled numbers."""

from collections.abc import Iterable
from typing import TypeAlias

NAME = "__name__"

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Label pairs sorted by name, the metric's name among them as `__name__`; no empty values."""

Vector: TypeAlias = dict[Labels, float]
Value: TypeAlias = float | Vector


class EvaluationError(Exception):
    """An expression has no value at this instant, by Prometheus's own rules (ambiguous matches)."""


def labels_of(pairs: Iterable[tuple[str, str]]) -> Labels:
    """Sort label pairs; an empty value means that the label is absent, as in Prometheus."""
    return tuple(sorted(pair for pair in pairs if pair[1]))


def without_name(labels: Labels) -> Labels:
    """Drop the metric's name: a computed value is no longer that metric."""
    return tuple(pair for pair in labels if pair[0] != NAME)


def keep(labels: Labels, names: frozenset[str]) -> Labels:
    """Keep the labels of these names only (`by`, `on`)."""
    return tuple(pair for pair in labels if pair[0] in names)


def drop(labels: Labels, names: frozenset[str]) -> Labels:
    """Drop the labels of these names (`without`, `ignoring`)."""
    return tuple(pair for pair in labels if pair[0] not in names)


def show(labels: Labels) -> str:
    """The labels as Prometheus writes a series: `name{label="value"}`."""
    name = next((value for label, value in labels if label == NAME), "")
    rest = ", ".join(f'{label}="{value}"' for label, value in labels if label != NAME)
    return f"{name}{{{rest}}}"


def vector_of(pairs: Iterable[tuple[Labels, float]]) -> Vector:
    """Collect a vector; raises EvaluationError when two elements have the same labels."""
    vector: Vector = {}
    for labels, value in pairs:
        if labels in vector:
            raise EvaluationError(
                f"the result would contain {show(labels)} twice: aggregate or select further"
            )
        vector[labels] = value
    return vector
