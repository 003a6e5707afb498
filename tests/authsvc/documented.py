"""Holds answers against an OpenAPI document: status, media type, headers, body."""

import json
import re
from collections.abc import Mapping
from email.message import Message
from typing import Any, Protocol

from jsonschema import Draft202012Validator, FormatChecker

Json = dict[str, Any]


class Answered(Protocol):
    """An answer, of whatever client."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> "Mapping[str, str] | Message[str, str]":
        """Case does not count."""

    @property
    def body(self) -> bytes:
        """All of it."""


class Documented:
    """A document, and what it says of an answer."""

    def __init__(self, document: Json, *, authenticates_first: bool) -> None:
        self._document = document
        self._authenticates_first = authenticates_first
        self._validators: dict[int, Draft202012Validator] = {}
        self._paths = {
            path: re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for path in document["paths"]
        }

    def hold(self, method: str, path: str, answer: Answered) -> None:
        """Fails if an answer is not what the document says."""
        operation = self._operation(method, path.partition("?")[0])
        if operation is None:
            allowed = (401,) if self._authenticates_first else ()
            assert answer.status in (400, 404, 405, *allowed), "what is not there answers so"
            return
        what = f"{method} {path} {answer.status}"
        described = operation["responses"].get(str(answer.status))
        assert described is not None, f"{what} is not in the document"
        for name in described.get("headers", {}):
            if not self._optional(answer, name):
                assert name in answer.headers, f"{what} without {name}"
        if described["content"] and method != "HEAD":
            media = answer.headers["Content-Type"].partition(";")[0]
            assert media in described["content"], f"{what} as {media}"
            if media.endswith("json"):
                validator = self._validator(described["content"][media])
                wrong = list(validator.iter_errors(json.loads(answer.body)))
                assert not wrong, f"{what}: {wrong[0].message}"

    def _optional(self, answer: Answered, name: str) -> bool:
        """Headers of a problem, where the status also has another form of answer."""
        media = answer.headers.get("Content-Type", "")
        return name == "Retry-After" and not media.startswith("application/problem+json")

    def _operation(self, method: str, path: str) -> Json | None:
        fitting = [name for name, shape in self._paths.items() if shape.fullmatch(path)]
        known = min(fitting, key=lambda name: name.count("{"), default=None)
        if known is None:
            return None
        verb = "get" if method == "HEAD" and not self._authenticates_first else method.lower()
        found: Json | None = self._document["paths"][known].get(verb)
        return found

    def _validator(self, content: Json) -> Draft202012Validator:
        """Kept: most answers are of few kinds."""
        if id(content) not in self._validators:
            whole = {**content["schema"], "components": self._document["components"]}
            made = Draft202012Validator(whole, format_checker=FormatChecker())
            self._validators[id(content)] = made
        return self._validators[id(content)]
