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


class LoggedIn(Form):
    """A session. The token is told here and never again; the service keeps its digest."""

    access_token: str = Field(pattern="^ats_")
    token_type: Literal["Bearer"]
    session_id: UUID = Field(description="Public: it names the session and opens nothing.")
    expires_at: datetime


class Holder(Form):
    """Whose token it is."""

    user_id: UUID
    login: str
