"""One factor turns production windows into the lab's: every duration of a rule is divided by it.

The expression's own text is kept and only its duration tokens are rewritten, since printing the
parsed tree again would lose the layout and the escapes in strings. The parser then confirms that
each duration of the tree, and nothing else of its shape, became the divided one.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import promql_parser as ast

from monitor.durations import milliseconds, parse_duration, show_duration
from monitor.rules import AlertRule, RuleError, RuleGroup

_STRING_OR_COMMENT = r"""\"(?:\\.|[^"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`|\#[^\n]*"""
_DURATION = r"(?:\d+(?:ms|[smhdwy]))+"
_TOKEN = re.compile(
    rf"(?P<skip>{_STRING_OR_COMMENT})"
    rf"|(?P<lead>\boffset\s+-?\s*|\[\s*|:\s*(?={_DURATION}\s*\]))(?P<duration>{_DURATION})"
)


def compress_duration(duration_ms: int, factor: int) -> int:
    """Divide, to the nearest whole millisecond; zero stays zero.

    Raises ValueError where a window would vanish, since PromQL knows nothing under 1 ms.
    """
    divided = (2 * duration_ms + factor) // (2 * factor)
    if duration_ms and not divided:
        raise ValueError(
            f"{show_duration(duration_ms)} divided by {factor} is under 1 ms: compress less"
        )
    return divided


def compress_expression(text: str, factor: int) -> str:
    """Divide every window and offset of a PromQL expression, leaving the rest as it is written.

    Raises ValueError for text that is not PromQL, or whose durations it cannot rewrite exactly.
    """

    def divide(token: re.Match[str]) -> str:
        if token["skip"]:
            return token["skip"]
        length = compress_duration(parse_duration(token["duration"]), factor)
        return token["lead"] + show_duration(length)

    compressed = _TOKEN.sub(divide, text)
    expected = [_divide_signed(length, factor) for length in durations(ast.parse(text))]
    if durations(ast.parse(compressed)) != expected:
        raise ValueError(
            f"cannot compress the durations of `{text}`: write each as in [5m] or offset 90s"
        )
    return compressed


def durations(expression: ast.Expr) -> list[int]:
    """Every range, step and offset of a parsed expression in milliseconds, in order."""
    found: list[timedelta | None] = []

    def visit(node: ast.Expr) -> None:
        if isinstance(node, ast.MatrixSelector):
            found.extend((node.range, node.vector_selector.offset))
        elif isinstance(node, ast.SubqueryExpr):
            found.extend((node.range, node.step, node.offset))
        elif isinstance(node, ast.VectorSelector):
            found.append(node.offset)

    ast.walk(expression, visit)
    return [milliseconds(duration) for duration in found if duration]


def ranges(expression: ast.Expr) -> list[int]:
    """The length of every range selector, in milliseconds."""
    found: list[int] = []

    def visit(node: ast.Expr) -> None:
        if isinstance(node, ast.MatrixSelector):
            found.append(milliseconds(node.range))

    ast.walk(expression, visit)
    return found


def check_windows(groups: Iterable[RuleGroup], interval_ms: int, retention_ms: int) -> None:
    """Refuse windows in which no rate could ever be seen, or that reach past the store's memory.

    Raises RuleError naming group and rule.
    """
    for group in groups:
        for rule in group.rules:
            where = f"group '{group.name}', rule '{rule.name}'"
            for length in ranges(ast.parse(rule.expression)):
                shown = show_duration(length)
                if length < 2 * interval_ms:
                    raise RuleError(
                        f"{where}: the window [{shown}] is shorter than two scrapes "
                        f"({show_duration(interval_ms)} each): compress less or scrape more often"
                    )
                if length > retention_ms:
                    raise RuleError(
                        f"{where}: the window [{shown}] is longer than samples are kept "
                        f"({show_duration(retention_ms)}): compress more or raise --retention"
                    )


def compress_group(group: RuleGroup, factor: int) -> RuleGroup:
    """A rule group with every duration divided by `factor` (1 changes nothing)."""
    if factor == 1:
        return group
    interval = group.interval_ms
    return replace(
        group,
        interval_ms=None if interval is None else compress_duration(interval, factor),
        rules=tuple(compress_rule(rule, factor) for rule in group.rules),
    )


def compress_rule(rule: AlertRule, factor: int) -> AlertRule:
    """One rule with its windows, `for` and `keep_firing_for` divided by `factor`."""
    return replace(
        rule,
        expression=compress_expression(rule.expression, factor),
        for_ms=compress_duration(rule.for_ms, factor),
        keep_firing_ms=compress_duration(rule.keep_firing_ms, factor),
    )


def _divide_signed(duration_ms: int, factor: int) -> int:
    sign = -1 if duration_ms < 0 else 1
    return sign * compress_duration(abs(duration_ms), factor)
