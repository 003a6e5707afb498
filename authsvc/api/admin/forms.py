"""The operators' bodies, queries and answers; the document is made from these."""

import json
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from authsvc.store.administration import LiveSession, Status, User
from authsvc.store.events import MOST, Event, Place, Wanted


class Form(BaseModel):
    """Closed: what is not named here is neither taken nor given."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True
    )


def shown(form: Form, status: int = 200) -> web.Response:
    """A form as an answer, which no cache keeps."""
    headers = {"Cache-Control": "no-store"}
    return web.json_response(body=form.model_dump_json().encode(), status=status, headers=headers)


class LoginOnly(Form):
    """Who is to be created. No password: operators never know one."""

    model_config = ConfigDict(strict=True)

    login: str = Field(examples=["ada"])


class UserView(Form):
    """An account."""

    id: UUID
    login: str
    status: Status
    created_at: datetime
    updated_at: datetime
    has_password: bool = Field(description="False until the first reset was followed.")
    must_change: bool = Field(description="Logins are refused until the password was changed.")
    live_sessions: int = Field(ge=0)

    @classmethod
    def of(cls, user: User) -> Self:
        """What is shown of it."""
        return cls(**{name: getattr(user, name) for name in cls.model_fields})


class UserList(Form):
    """Who was found: none or one."""

    users: list[UserView] = Field(max_length=1)


class SessionView(Form):
    """A live session; its token is known to its owner alone."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None


class SessionList(Form):
    """The newest first."""

    sessions: list[SessionView]

    @classmethod
    def of(cls, found: list[LiveSession]) -> Self:
        """What is shown of them."""
        fields = SessionView.model_fields
        return cls(sessions=[SessionView(**{n: getattr(s, n) for n in fields}) for s in found])


class SessionsEnded(Form):
    """What was done."""

    ended: int = Field(ge=0, description="Sessions that were live and are not any more.")


class EventView(Form):
    """One event of the audit."""

    id: UUID
    at: datetime
    event: str = Field(examples=["authn_login_success"])
    user_id: UUID | None
    session_id: UUID | None
    actor: str | None = Field(description="The operator or program that acted for another.")
    ip: str | None
    request_id: str
    trace_id: str | None
    instance: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> Self:
        """What is shown of it."""
        told = {name: getattr(event, name) for name in cls.model_fields}
        return cls(**{**told, "detail": json.loads(event.detail)})


class AuditPage(Form):
    """Events, the newest first."""

    events: list[EventView]
    next: str | None = Field(description="Give it as `before` for the next page; null at the end.")


def _place(text: object) -> object:
    return Place.parse(text) if isinstance(text, str) else text


Before = Annotated[
    Place,
    BeforeValidator(_place),
    WithJsonSchema({"type": "string", "examples": ["2026-11-23T01:23:45+00:00"]}),
]


class LoginQuery(Form):
    """Who is looked for."""

    login: str = Field(examples=["ada"])


class AuditQuery(Form):
    """Which events; all filters hold at once."""

    user: UUID | None = Field(None, description="Whom it happened to.")
    event: str | None = Field(
        None, pattern="^[a-z_]+$", max_length=64, examples=["authn_login_fail"]
    )
    since: AwareDatetime | None = Field(None, description="Not older than this moment.")
    before: Before | None = Field(
        None, description="Older than this moment, or than the place that `next` named."
    )
    limit: int = Field(100, ge=1, le=MOST)

    def wanted(self) -> Wanted:
        """The same, for the store."""
        return Wanted(
            user_id=self.user, event=self.event, since=self.since, before=self.before,
            limit=self.limit,
        )  # fmt: skip
