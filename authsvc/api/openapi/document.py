"""From a table of operations to the document."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from authsvc.api import problems
from authsvc.api.openapi.operation import Answer, Operation, Security
from authsvc.api.problems import Code
from authsvc.metrics import release

Json = dict[str, Any]
_REFERENCE = "#/components/schemas/{model}"
_MODE: JsonSchemaMode = "validation"

_BEARER = {
    Security.USER: "The `access_token` that logging in answered.",
    Security.PROGRAM: "A token from `evenhand authsvc client add NAME --role service`.",
    Security.OPERATOR: "A token from `evenhand authsvc client add NAME --role admin`.",
}

_HEADERS: Json = {
    "X-Served-By": {
        "description": "The instance that answered.",
        "schema": {"type": "string"},
        "example": "auth-1",
    },
    "X-Request-Id": {
        "description": "Yours if you sent one of 8 to 64 letters, digits, `.`, `_`, `-`; else made "
        "up. Logs and audit have it too.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{8,64}$"},
    },
    "Retry-After": {
        "description": "Seconds after which it is worth another try.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "The kind of token that is wanted (RFC 6750).",
        "schema": {"type": "string"},
    },
    "Cache-Control": {
        "description": "`no-store`: the answer is for its reader alone.",
        "schema": {"type": "string", "const": "no-store"},
    },
}


@dataclass(frozen=True, slots=True)
class Document:
    """What one listener offers."""

    title: str
    told: str
    operations: Sequence[Operation]

    def text(self) -> str:
        """The document as it is served."""
        return json.dumps(self.content(), indent=1, ensure_ascii=False)

    def content(self) -> Json:
        """The document."""
        paths: Json = defaultdict(dict)
        for operation in self.operations:
            paths[operation.path][operation.method.lower()] = _operation(operation)
        used = {kind for operation in self.operations for kind in operation.security}
        return {
            "openapi": "3.1.0",
            "info": {
                "title": self.title,
                "version": release(),
                "summary": "Part of Evenhand",
                "description": self.told,
            },
            "paths": dict(paths),
            "components": {
                "schemas": {**_forms(self.operations), "Problem": _problem()},
                "headers": _HEADERS,
                "securitySchemes": {
                    kind.value: {"type": "http", "scheme": "bearer", "description": told}
                    for kind, told in _BEARER.items()
                    if kind in used
                },
            },
        }


def _operation(operation: Operation) -> Json:
    found: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": _responses(operation),
        "security": [{kind.value: []} for kind in operation.security],
    }
    if operation.told:
        found["description"] = operation.told
    if parameters := [*_in_path(operation.path), *_in_query(operation.query)]:
        found["parameters"] = parameters
    if operation.body is not None:
        content = {operation.media: {"schema": _reference(operation.body)}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _responses(operation: Operation) -> Json:
    """By status; a status may have an answer in a form of its own and problems beside it."""
    found: Json = {}
    for answer in operation.answers:
        found[str(answer.status)] = _answer(answer)
    if operation.links:
        links = {link.to: _without_empty(
            {
                "operationId": link.to,
                "parameters": dict(link.parameters),
                "requestBody": dict(link.body),
            }
        ) for link in operation.links}  # fmt: skip
        found[str(operation.answers[0].status)]["links"] = links
    for status, codes in _by_status(operation.all_problems).items():
        told = found.setdefault(str(status), {"description": "", "headers": {}, "content": {}})
        told["description"] = " ".join(
            filter(None, [told["description"], *(f"{code.title}." for code in codes)])
        )
        headers = {503: ["Retry-After"], 429: ["Retry-After"], 401: ["WWW-Authenticate"]}
        told["headers"] |= _headers("Cache-Control", *headers.get(status, []))
        told["content"][problems.CONTENT_TYPE] = {"schema": _problem_of(codes)}
    return dict(sorted(found.items()))


def _answer(answer: Answer) -> Json:
    schema: Json = {"type": "string"} if answer.media == "text/plain" else {"type": "object"}
    if answer.form is not None:
        schema = _reference(answer.form)
    empty = answer.form is None and answer.media == "application/json" and answer.status != 200
    return {
        "description": answer.told,
        "headers": _headers(*answer.headers),
        "content": {} if empty or answer.media is None else {answer.media: {"schema": schema}},
    }


def _headers(*more: str) -> Json:
    names = ("X-Served-By", "X-Request-Id", *more)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _by_status(codes: Iterable[Code]) -> Mapping[int, list[Code]]:
    found: dict[int, list[Code]] = defaultdict(list)
    for code in codes:
        found[code.status].append(code)
    return found


def _problem() -> Json:
    text = {"type": "string"}
    place = {"type": "object", "additionalProperties": text, "required": ["detail"]}
    return {
        "type": "object",
        "description": "What went wrong (RFC 9457). `code` is from a closed list.",
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": text,
            "status": {"type": "integer"},
            "code": text,
            "instance": {
                "type": "string",
                "format": "uri",
                "description": "The request, as X-Request-Id.",
            },
            "detail": text,
            "errors": {
                "type": "array",
                "items": place,
                "description": "Where: `pointer` into the body (RFC 6901), or `parameter`.",
            },
        },
        "required": ["type", "title", "status", "code", "instance"],
        "additionalProperties": False,
    }


def _problem_of(codes: Sequence[Code]) -> Json:
    names = [code.name.lower() for code in codes]
    return {
        "allOf": [{"$ref": _REFERENCE.format(model="Problem")}],
        "properties": {"code": {"enum": names}, "status": {"const": codes[0].status}},
    }


def _in_path(path: str) -> list[Json]:
    one = {"in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    return [{"name": name, **one} for name in re.findall(r"\{(\w+)\}", path)]


def _in_query(form: type[BaseModel] | None) -> list[Json]:
    if form is None:
        return []
    schema = form.model_json_schema(mode=_MODE)
    required = schema.get("required", [])
    found = []
    for name, one in schema["properties"].items():
        told = one.pop("description", "")
        kinds = [kind for kind in one.pop("anyOf", []) if kind != {"type": "null"}]
        if one.get("default", ...) is None:
            one.pop("default")
        one = {**(kinds[0] if kinds else {}), **one}
        entry = {"name": name, "in": "query", "required": name in required, "schema": one}
        found.append({**entry, **({"description": told} if told else {})})
    return found


def _forms(operations: Iterable[Operation]) -> Json:
    used: dict[str, type[BaseModel]] = {}
    for operation in operations:
        for form in (operation.body, *(answer.form for answer in operation.answers)):
            if form is not None:
                used[form.__name__] = form
    _, schema = models_json_schema([(f, _MODE) for f in used.values()], ref_template=_REFERENCE)
    return dict(schema.get("$defs", {}))


def _reference(form: type[BaseModel]) -> Json:
    return {"$ref": _REFERENCE.format(model=form.__name__)}


def _without_empty(told: Json) -> Json:
    return {name: value for name, value in told.items() if value}
