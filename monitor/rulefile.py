"""Reads and writes Prometheus rule files; every error says file, group, rule and field."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from monitor.durations import parse_duration, show_duration
from monitor.promql import compile_expression
from monitor.rules import AlertRule, RuleError, RuleGroup
from monitor.templates import check_template


def _check_duration(text: str) -> str:
    parse_duration(text)
    return text


def _check_expression(text: str) -> str:
    compile_expression(text)
    return text


def _check_templates(texts: dict[str, str]) -> dict[str, str]:
    for name, text in texts.items():
        try:
            check_template(text)
        except ValueError as error:
            raise ValueError(f"'{name}': {error}") from None
    return texts


def _not_recorded(name: str) -> str:
    raise ValueError(f"recording rules are not supported ('{name}'); put the expression in alerts")


_Duration = Annotated[str, AfterValidator(_check_duration)]
_Templates = Annotated[dict[str, str], AfterValidator(_check_templates)]
_LABEL_NAME = r"^[a-zA-Z_][a-zA-Z0-9_]*$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Rule(_Strict):
    record: Annotated[str | None, AfterValidator(_not_recorded)] = None
    alert: str = Field(pattern=_LABEL_NAME)
    expr: Annotated[str, AfterValidator(_check_expression)]
    for_: _Duration = Field("0s", alias="for")
    keep_firing_for: _Duration = "0s"
    labels: _Templates = {}
    annotations: _Templates = {}

    def rule(self) -> AlertRule:
        return AlertRule(
            name=self.alert,
            expression=self.expr,
            for_ms=parse_duration(self.for_),
            keep_firing_ms=parse_duration(self.keep_firing_for),
            labels=self.labels,
            annotations=self.annotations,
        )


class _Group(_Strict):
    name: str = Field(min_length=1)
    interval: _Duration | None = None
    rules: list[_Rule]

    def group(self) -> RuleGroup:
        interval = parse_duration(self.interval) if self.interval else None
        return RuleGroup(self.name, tuple(rule.rule() for rule in self.rules), interval)


class _File(_Strict):
    groups: list[_Group]


def load_rules(folder: Path) -> list[RuleGroup]:
    """Every group of every `*.yml` in the folder (not below it), in order of file name.

    Raises RuleError naming file, group, rule and field; a group's name may occur once only, so
    that all groups fit in one file.
    """
    paths = sorted(folder.glob("*.yml"))
    if not paths:
        raise RuleError(f"{folder}: no rule files there (*.yml); name their folder with --rules")
    groups: list[RuleGroup] = []
    origin: dict[str, Path] = {}
    for path in paths:
        for group in read_rule_file(path):
            if group.name in origin:
                raise RuleError(
                    f"{path}: group '{group.name}' is also in {origin[group.name]}: rename one"
                )
            origin[group.name] = path
            groups.append(group)
    return groups


class _Loader(yaml.SafeLoader):
    """Refuses a key that occurs twice, where YAML's last one would win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' is there twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_rule_file(path: Path) -> list[RuleGroup]:
    """The groups of one rule file; raises RuleError for a file that cannot be read or used."""
    try:
        document: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
        return [group.group() for group in _File.model_validate(document).groups]
    except ValidationError as error:
        lines = [_explain(path, document, dict(problem)) for problem in error.errors()]
        raise RuleError("\n".join(lines)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise RuleError(f"{path}{place}: not YAML: {error.problem}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RuleError(f"{path}: cannot read: {error}") from None


def _explain(path: Path, document: Any, problem: dict[str, Any]) -> str:
    location: Sequence[str | int] = problem["loc"]
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        model = (_File, _Group, _Rule)[sum(part in ("groups", "rules") for part in location)]
        known = [info.alias or name for name, info in model.model_fields.items()]
        near = difflib.get_close_matches(str(location[-1]), known, n=1)
        message = f"unknown key; did you mean '{near[0]}'?" if near else "unknown key"
        message += "" if near else f"; there are {', '.join(known)}"
    return f"{path}: {', '.join(_place(document, location))}: {message}"


def _place(document: Any, location: Sequence[str | int]) -> Iterator[str]:
    """Names instead of numbers: group 'logins', rule 'LoginFailureSpike', field 'for'."""
    here = document
    fields: list[str] = []
    for i, part in enumerate(location):
        here = here[part] if _has(here, part) else None
        if isinstance(part, int) and i and location[i - 1] in ("groups", "rules"):
            fields.clear()
            kind, key = ("group", "name") if location[i - 1] == "groups" else ("rule", "alert")
            name = here.get(key) if isinstance(here, dict) else None
            yield f"{kind} '{name}'" if name else f"{kind} number {part + 1}"
        else:
            fields.append(str(part))
    yield f"field '{'.'.join(fields)}'" if fields else "the whole of it"


def _has(container: Any, part: str | int) -> bool:
    if isinstance(container, dict):
        return part in container
    return isinstance(container, list) and isinstance(part, int) and part < len(container)


def show_rules(groups: Sequence[RuleGroup]) -> str:
    """The groups as one Prometheus rule file."""
    document = {"groups": [_group_document(group) for group in groups]}
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, the way a person would."""


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _block)


def _group_document(group: RuleGroup) -> dict[str, Any]:
    document: dict[str, Any] = {"name": group.name}
    if group.interval_ms is not None:
        document["interval"] = show_duration(group.interval_ms)
    document["rules"] = [_rule_document(rule) for rule in group.rules]
    return document


def _rule_document(rule: AlertRule) -> dict[str, Any]:
    document: dict[str, Any] = {"alert": rule.name, "expr": rule.expression}
    for key, length in (("for", rule.for_ms), ("keep_firing_for", rule.keep_firing_ms)):
        if length:
            document[key] = show_duration(length)
    document |= {k: v for k in ("labels", "annotations") if (v := getattr(rule, k))}
    return document
