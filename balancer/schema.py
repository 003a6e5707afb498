"""From a document to a typed model, with messages that say where, what, and what would do."""

import difflib
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from balancer.source import ConfigError, Document, Place, Problem


class Strict(BaseModel):
    """Frozen, no unknown keys, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Model = TypeVar("Model", bound=Strict)


def validate(document: Document, model: type[Model]) -> Model:
    """The document as a `model`; raises `ConfigError` with every problem found."""
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        problems = [_problem(document, dict(detail), model) for detail in error.errors()]
        raise ConfigError(document.source, problems) from error


def _problem(document: Document, detail: dict[str, Any], root: type[BaseModel]) -> Problem:
    """One of pydantic's findings in our words: where, what, what would do instead."""
    place: Place = tuple(detail["loc"])
    kind, message = detail["type"], str(detail["msg"])
    if kind == "extra_forbidden":
        known = _keys_at(root, place[:-1])
        near = difflib.get_close_matches(str(place[-1]), known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(known)}"
        message = f"unknown key '{place[-1]}'; {hint}"
    elif kind == "missing":
        message = f"'{place[-1]}' is missing here"
    elif kind in ("model_type", "model_attributes_type", "dict_type"):
        known = _keys_at(root, place)
        message = f"expected keys and values here ({', '.join(known)})"
    else:
        message = message.removeprefix("Value error, ")
        message = message[0].lower() + message[1:]
        if not isinstance(detail["input"], dict | list) and str(detail["input"]) not in message:
            message += f", not {detail['input']!r}"
    return document.problem(place, message)


def _keys_at(model: type[BaseModel], place: Place) -> list[str]:
    """The keys that are known at a place below a model."""
    for step in place:
        if isinstance(step, int):
            continue
        inner = list(_models_in(model.model_fields[step].annotation))
        if not inner:
            return []
        model = inner[0]
    return list(model.model_fields)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models named in a type such as `list[RouteConfig]` or `Admin | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models_in(part)
