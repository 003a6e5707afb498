"""The words that an operation is described in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel

from authsvc.api.problems import Code

JSON, FORM, TEXT = "application/json", "application/x-www-form-urlencoded", "text/plain"

ANYWHERE = (Code.BAD_REQUEST, Code.EXPECTATION_FAILED, Code.INTERNAL)
WITH_BODY = (Code.REQUEST_TIMEOUT, Code.BODY_TOO_LARGE)
WITH_JSON = (Code.INVALID_JSON, Code.UNSUPPORTED_MEDIA_TYPE, Code.INVALID_REQUEST)


class Security(StrEnum):
    """Which token an operation wants, in `Authorization: Bearer …`."""

    USER = "accessToken"
    PROGRAM = "serviceToken"
    OPERATOR = "adminToken"


@dataclass(frozen=True, slots=True)
class Answer:
    """How an operation can go well, or badly in a form of its own."""

    status: int
    told: str
    form: type[BaseModel] | None = None
    media: str | None = JSON
    """None for an answer that is empty although others of its status are not."""
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """What can be asked next, with which parts of an answer (OpenAPI runtime expressions)."""

    to: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path. `problems` are those that only some operations have."""

    method: str
    path: str
    name: str
    summary: str
    told: str = ""
    answers: tuple[Answer, ...]
    problems: tuple[Code, ...] = ()
    body: type[BaseModel] | None = None
    media: str = JSON
    query: type[BaseModel] | None = None
    security: tuple[Security, ...] = ()
    links: tuple[Link, ...] = ()
    asks_database: bool = True

    @property
    def all_problems(self) -> tuple[Code, ...]:
        """Every code that its answers can have."""
        found = [*self.problems, *ANYWHERE]
        if self.body is not None:
            found += WITH_BODY
            found += WITH_JSON if self.media == JSON else ()
        if self.query is not None:
            found.append(Code.INVALID_QUERY)
        if self.asks_database:
            found.append(Code.DATABASE_UNAVAILABLE)
        return tuple(found)
