"""What the service port takes and gives, as the document tells it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, RootModel

_LOGIN = "Case does not count. 3 to 64 of a-z, 0-9, `.`, `_`, `-`; first a letter or digit."


class Form(BaseModel):
    """Closed: what is not named here is neither taken nor given."""

    model_config = ConfigDict(extra="forbid")


class Registration(Form):
    """Who wants an account."""

    login: str = Field(
        pattern="^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$", description=_LOGIN, examples=["ada"]
    )
    password: str = Field(
        min_length=8, max_length=1024, examples=["correct horse battery staple"],
        description="Any characters; at most 4096 bytes of UTF-8.",
    )  # fmt: skip


class Login(Form):
    """Who wants in."""

    login: str = Field(examples=["ada"])
    password: str = Field(examples=["correct horse battery staple"])


class Registered(Form):
    """The new account."""

    user_id: UUID
    login: str = Field(description="As it was written at registration.")


class Tokens(Form):
    """A session's tokens (names as in RFC 6749 section 5.1). They are told here and never again."""

    access_token: str = Field(pattern="^ats_", description="For `Authorization: Bearer …`.")
    refresh_token: str = Field(pattern="^atr_", description="For the next pair; good for once.")
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds that the access token is good for.")
    session_id: UUID = Field(description="Public: it names the session and opens nothing.")
    expires_at: datetime = Field(description="The session's end, which nothing moves.")


class Refresh(Form):
    """The newest refresh token."""

    refresh_token: str = Field(examples=["atr_…"])


class Holder(Form):
    """Whose token it is."""

    user_id: UUID
    login: str
    session_id: UUID
    expires_at: datetime


class OwnSession(Form):
    """One of the sessions of who asks."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None
    current: bool = Field(description="It is the one that asks.")


class OwnSessions(Form):
    """All that live, the asking one first."""

    sessions: list[OwnSession]


class Ended(Form):
    """What was done."""

    ended: int = Field(ge=0, description="Sessions that were live and are not any more.")


class PasswordChange(Form):
    """The old password and the new one."""

    current: str
    new: str = Field(
        min_length=8, max_length=1024, description="None that many people use, nor the login."
    )


class ResetRequest(Form):
    """Who has forgotten it."""

    login: str = Field(examples=["ada"])


class ResetConfirmation(Form):
    """What the message said, and the new password."""

    token: str = Field(examples=["arp_…"])
    password: str = Field(min_length=8, max_length=1024)


class Token(Form):
    """A token of a user, of either kind (RFC 7662, RFC 7009)."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"additionalProperties": {"type": "string"}, "maxProperties": 10},
    )

    token: str = Field(min_length=1)
    token_type_hint: str | None = Field(None, description="Taken, and not needed.")


class Inactive(Form):
    """Whatever cannot be used, for whatever reason."""

    active: Literal[False]


class Active(Form):
    """A live session's token."""

    active: Literal[True]
    sub: UUID = Field(description="The user.")
    username: str
    sid: UUID = Field(description="The session.")
    iat: int
    exp: int
    token_use: Literal["access_token", "refresh_token"]
    token_type: Literal["Bearer"] | None = Field(
        None, description="Of access tokens alone: nothing else opens anything."
    )


class Introspection(RootModel[Active | Inactive]):
    """May it be let in."""


class OAuthError(Form):
    """RFC 6749 section 5.2; on these two paths only."""

    error: Literal["invalid_request", "invalid_client"]
    error_description: str
