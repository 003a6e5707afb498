"""YAML text into plain values, remembering where each one stood.

PyYAML's loader drops positions and lets a repeated key win in silence; both matter to somebody who
looks for a mistake in a configuration at three in the morning.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str | int, ...]
"""Keys and list indices from the root: ("pools", 0, "endpoints", 2, "weight")."""


DEEPEST = 32
"""Levels of nesting that are read: no configuration here needs ten, and recursion must end."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file: where (1-based line and column), in which field, and what."""

    line: int
    column: int
    field: str
    message: str


class ConfigError(Exception):
    """A configuration that cannot be used; says every problem found, with its place."""

    def __init__(self, source: str, problems: list[Problem]) -> None:
        self.source = source
        self.problems = problems
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """One line for each problem, in the form that editors jump to: `file:line:column: …`."""
        return [
            f"{self.source}:{p.line}:{p.column}: {p.field + ': ' if p.field else ''}{p.message}"
            for p in self.problems
        ]


@dataclass(slots=True)
class Document:
    """A YAML document's value, and where every part of it stands in its file."""

    source: str
    value: Any
    marks: dict[Place, tuple[int, int]] = field(default_factory=dict)

    def problem(self, place: Place, message: str) -> Problem:
        """A problem at a place, or at the nearest enclosing one if that was not written down."""
        known = place
        while known and known not in self.marks:
            known = known[:-1]
        line, column = self.marks.get(known, (1, 1))
        return Problem(line, column, dotted(place), message)


def dotted(place: Place) -> str:
    """A place as people write it: `pools[0].endpoints[2].weight`."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def read_file(path: Path) -> str:
    """A file's text; raises `ConfigError` if it cannot be read or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(str(path), [Problem(1, 1, "", f"cannot be read: {reason}")]) from error


def read(text: str, source: str) -> Document:
    """Parse one YAML document; raises `ConfigError` for what is not plain, unambiguous YAML."""
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise ConfigError(
            source, [Problem(line, column, "", f"not valid YAML: {error.problem}")]
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(source, [Problem(1, 1, "", f"not valid YAML: {error}")]) from error
    except RecursionError as error:
        raise ConfigError(source, [Problem(1, 1, "", "nested far too deeply")]) from error
    document = Document(source, None)
    if node is not None:
        document.value = _Reader(document).value(node, ())
    return document


class _Reader:
    """Turns PyYAML's nodes into values; each node once, so aliases cannot multiply work."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._scalars = yaml.SafeLoader("")
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, place: Place) -> Any:
        mark = node.start_mark
        self._document.marks.setdefault(place, (mark.line + 1, mark.column + 1))
        if isinstance(node, yaml.ScalarNode):
            try:
                return self._scalars.construct_object(node)
            except yaml.constructor.ConstructorError as error:  # such as a lone `=`, a date 0-0-0
                raise self._refused(node, place, "not a plain value; put it in quotes") from error
            except ValueError as error:
                raise self._refused(node, place, f"not a plain value: {error}") from error
        if len(place) > DEEPEST:
            raise self._refused(node, (), f"nested more than {DEEPEST} levels deep")
        if id(node) in self._seen:
            raise self._refused(node, place, "aliases are not supported; write it out")
        self._seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, i)) for i, item in enumerate(node.value)]
        return self._mapping(node, place)

    def _mapping(self, node: yaml.Node, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key, str):
                raise self._refused(key_node, place, "a key must be a plain word")
            mark = key_node.start_mark
            here = (*place, key)
            if key in found:
                raise self._refused(key_node, here, "this key was given before")
            self._document.marks[here] = (mark.line + 1, mark.column + 1)
            found[key] = self.value(value_node, here)
        return found

    def _refused(self, node: yaml.Node, place: Place, message: str) -> ConfigError:
        mark = node.start_mark
        return ConfigError(
            self._document.source,
            [Problem(mark.line + 1, mark.column + 1, dotted(place), message)],
        )
