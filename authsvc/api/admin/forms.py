"""The operators' bodies, queries and answers; the document is made from these."""

import json
import re
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from authsvc.store.administration import LiveSession, Status, User
from authsvc.store.events import MOST, Event, Place, Wanted

LOGIN = "^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$"
"""What `names` takes, for readers and for generators of tests; `names` decides."""
_MOMENT = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)"
_ID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def _only(pattern: str, told: str) -> BeforeValidator:
    """Text in one form: pydantic would also take seconds for a moment, and `1_0` for ten."""
    shape = re.compile(pattern, re.ASCII)

    def check(given: object) -> object:
        if isinstance(given, str) and not shape.fullmatch(given):
            raise ValueError(told)
        return given

    return BeforeValidator(check)


Moment = Annotated[AwareDatetime, _only(_MOMENT, "give it as 2026-11-23T01:23:45Z")]
Id = Annotated[UUID, _only(_ID, "ids are UUIDs")]
Count = Annotated[int, _only("[0-9]{1,9}", "give a number")]


class Form(BaseModel):
    """Closed: what is not named here is neither taken nor given."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def shown(form: Form, status: int = 200) -> web.Response:
    """A form as an answer, which no cache keeps."""
    headers = {"Cache-Control": "no-store"}
    return web.json_response(body=form.model_dump_json().encode(), status=status, headers=headers)


class LoginOnly(Form):
    """Who is to be created. No password: operators never know one."""

    model_config = ConfigDict(strict=True)

    login: str = Field(examples=["ada"], json_schema_extra={"pattern": LOGIN})


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


class Next(Form):
    """The last event of a page, as parameters for the next one."""

    before: datetime
    before_id: UUID


class AuditPage(Form):
    """Events, the newest first."""

    events: list[EventView]
    next: Next | None = Field(description="Where the next page begins; null at the end.")


class LoginQuery(Form):
    """Who is looked for."""

    login: str = Field(examples=["ada"])


class AuditQuery(Form):
    """Which events; all filters hold at once."""

    user: Id | None = Field(None, description="Whom it happened to.")
    event: str | None = Field(
        None, pattern="^[a-z_]+$", max_length=64, examples=["authn_login_fail"]
    )
    since: Moment | None = Field(None, description="Not older than this moment.")
    before: Moment | None = Field(None, description="Older than this moment.")
    before_id: Id | None = Field(
        None, description="With `before`: also those of that very moment after this event."
    )
    limit: Count = Field(100, ge=1, le=MOST)

    def wanted(self) -> Wanted:
        """The same, for the store."""
        return Wanted(
            user_id=self.user,
            event=self.event,
            since=self.since,
            before=Place(self.before, self.before_id) if self.before else None,
            limit=self.limit,
        )
