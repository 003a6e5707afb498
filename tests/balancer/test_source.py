"""YAML with positions."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.source import ConfigError, read


def problem(text: str) -> str:
    """The one line that reading this text fails with."""
    with pytest.raises(ConfigError) as caught:
        read(text, "f.yaml")
    return str(caught.value)


def test_remembers_where_each_part_stood() -> None:
    """Lines and columns count from 1, at the key for what is in a mapping."""
    document = read("a:\n  - {b: 1, c: two}\n", "f.yaml")

    assert document.value == {"a": [{"b": 1, "c": "two"}]}
    assert document.marks["a", 0, "c"] == (2, 12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1", "f.yaml:2:1: not valid YAML: did not find expected ',' or ']'"),
        ("a: 1\na: 2\n", "f.yaml:2:1: a: this key was given before"),
        ("a: &x [1]\nb: *x\n", "f.yaml:1:4: b: aliases are not supported; write it out"),
        ("a: =", "f.yaml:1:4: a: not a plain value; put it in quotes"),
        ("a: 2026-13-41", "f.yaml:1:4: a: not a plain value: month must be in 1..12"),
        ("? [1]\n: 2\n", "f.yaml:1:3: a key must be a plain word"),
        ("a: \x07", "f.yaml:1:1: not valid YAML: "),
        ("[" * 20_000, "f.yaml:2:1: not valid YAML: "),
        ("--- 1\n--- 2\n", "f.yaml:2:1: not valid YAML: but found another document"),
    ],
)
def test_refuses_what_is_not_plain_yaml(text: str, expected: str) -> None:
    """Each message begins with file, line and column, and says what is wrong."""
    assert problem(text).startswith(expected)


def test_refuses_what_is_nested_without_end() -> None:
    """A deep nest is refused, not a crash."""
    assert problem("[" * 5_000 + "]" * 5_000) == "f.yaml:1:34: nested more than 32 levels deep"


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but `ConfigError` comes out, whatever goes in."""
    with contextlib.suppress(ConfigError):
        read(text, "f.yaml")
