"""What the service port takes and gives, as the document tells it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

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


class Renewal(Form):
    """Who wants to stay logged in."""

    refresh_token: str = Field(examples=["atr_"])


class LoggedIn(Form):
    """A session. Tokens are told here and never again; the service keeps nothing usable."""

    access_token: str = Field(pattern="^ats_")
    refresh_token: str = Field(pattern="^atr_", description="Good for one refresh.")
    token_type: Literal["Bearer"]
    expires_in: int = Field(ge=0, description="Seconds until the access token ends.")
    session_id: UUID = Field(description="Public: it names the session and opens nothing.")
    expires_at: datetime


class Holder(Form):
    """Whose token it is."""

    user_id: UUID
    login: str
    session_id: UUID
    expires_at: datetime = Field(description="The session's; activity does not move it.")


class OwnSession(Form):
    """One place where its owner is logged in."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime = Field(description="To the minute.")
    expires_at: datetime
    ip: str | None
    user_agent: str | None
    current: bool = Field(description="Whether it is the one that asks.")


class OwnSessions(Form):
    """The one that asks first, then the newest."""

    sessions: list[OwnSession]


class Ended(Form):
    """How many other sessions were ended."""

    ended: int = Field(ge=0)


class PasswordChange(Form):
    """The password as it is, and as it shall be."""

    current: str
    new: str = Field(min_length=8, max_length=1024)


class ResetAsked(Form):
    """Whose password is forgotten."""

    login: str = Field(examples=["ada"])


class ResetDone(Form):
    """The token from the message, and the new password."""

    token: str = Field(examples=["arp_"])
    password: str = Field(min_length=8, max_length=1024)


class TokenForm(BaseModel):
    """A token to be looked at or ended; other parameters are ignored (RFC 7662, RFC 7009)."""

    model_config = ConfigDict(
        json_schema_extra={"additionalProperties": {"type": "string"}, "maxProperties": 10}
    )

    token: str = Field(min_length=1)
    token_type_hint: str | None = Field(default=None, description="Taken, and not needed.")


class Introspected(Form):
    """RFC 7662 section 2.2. Of a token that opens nothing: `active` alone."""

    active: bool
    sub: UUID | None = Field(default=None, description="The account.")
    username: str | None = None
    sid: UUID | None = Field(default=None, description="The session.")
    iat: int | None = None
    exp: int | None = None
    token_use: Literal["access_token", "refresh_token"] | None = None
    token_type: Literal["Bearer"] | None = Field(
        default=None, description="Of an access token only: a refresh token lets nobody in."
    )


class OAuthError(Form):
    """RFC 6749 section 5.2, as RFC 7662 and RFC 7009 want it."""

    error: Literal["invalid_request", "invalid_client"]
    error_description: str
