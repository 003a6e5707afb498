"""Operations on sessions: their owner's, and those of services that are shown a token."""

from authsvc.api.openapi.forms import (
    Ended,
    Holder,
    Introspected,
    LoggedIn,
    Login,
    OAuthError,
    OwnSessions,
    Renewal,
    TokenForm,
)
from authsvc.api.openapi.operation import FORM, Answer, Link, Operation, Security
from authsvc.api.problems import Code

_SECRET = ("Cache-Control",)
_MINE = (Security.USER,)
_NEXT = (
    Link("whoAmI"),
    Link("listSessions"),
    Link("refresh", body={"refresh_token": "$response.body#/refresh_token"}),
    Link("endSession", {"id": "$response.body#/session_id"}),
    Link("logOut"),
)

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/sessions",
        name="logIn",
        summary="Log in",
        told="An unknown login, a disabled account and a wrong password get the same answer, in "
        "the same time. Too many wrong ones: 429, and when to come back.",
        body=Login,
        answers=(Answer(201, "A session has begun.", LoggedIn, headers=_SECRET),),
        problems=(
            Code.INVALID_CREDENTIALS,
            Code.PASSWORD_CHANGE_REQUIRED,
            Code.TOO_MANY_ATTEMPTS,
            Code.OVERLOADED,
        ),
        links=_NEXT,
    ),
    Operation(
        method="POST",
        path="/v1/sessions/refresh",
        name="refresh",
        summary="Stay logged in",
        told="Each refresh token is good once. The one before the current gives the same tokens "
        "again for ten seconds; one that comes back later ends its session.",
        body=Renewal,
        answers=(Answer(200, "The next tokens.", LoggedIn, headers=_SECRET),),
        problems=(Code.INVALID_TOKEN,),
        links=_NEXT,
    ),
    Operation(
        method="GET",
        path="/v1/whoami",
        name="whoAmI",
        summary="Whose token is this",
        answers=(Answer(200, "The session lives.", Holder, headers=_SECRET),),
        problems=(Code.INVALID_TOKEN,),
        security=_MINE,
    ),
    Operation(
        method="GET",
        path="/v1/sessions",
        name="listSessions",
        summary="Where am I logged in",
        answers=(Answer(200, "Live sessions.", OwnSessions, headers=_SECRET),),
        problems=(Code.INVALID_TOKEN,),
        security=_MINE,
    ),
    Operation(
        method="DELETE",
        path="/v1/sessions",
        name="endOthers",
        summary="Log out everywhere else",
        answers=(Answer(200, "The others have ended.", Ended, headers=_SECRET),),
        problems=(Code.INVALID_TOKEN,),
        security=_MINE,
    ),
    Operation(
        method="DELETE",
        path="/v1/sessions/current",
        name="logOut",
        summary="Log out",
        answers=(Answer(204, "The session has ended; its token opens nothing any more."),),
        problems=(Code.INVALID_TOKEN,),
        security=_MINE,
        links=(Link("whoAmI"),),
    ),
    Operation(
        method="DELETE",
        path="/v1/sessions/{id}",
        name="endSession",
        summary="Log out somewhere else",
        told="Another's session is as one that there is not.",
        answers=(Answer(204, "It has ended."),),
        problems=(Code.INVALID_TOKEN, Code.SESSION_NOT_FOUND),
        security=_MINE,
    ),
)

_BAD_FORM = Answer(400, "No token, or more than one.", OAuthError, headers=_SECRET)
_NO_CLIENT = Answer(401, "No service's token.", OAuthError, headers=(*_SECRET, "WWW-Authenticate"))

FOR_SERVICES = (
    Operation(
        method="POST",
        path="/v1/introspect",
        name="introspect",
        summary="May this token in (RFC 7662)",
        body=TokenForm,
        media=FORM,
        answers=(
            Answer(200, "What it is, if it is `active`.", Introspected, headers=_SECRET),
            _BAD_FORM,
            _NO_CLIENT,
        ),
        security=(Security.PROGRAM,),
    ),
    Operation(
        method="POST",
        path="/v1/revoke",
        name="revoke",
        summary="End a token's session (RFC 7009)",
        told="Whoever has a token may end it. A service may say who it is; then it has to be one.",
        body=TokenForm,
        media=FORM,
        answers=(
            Answer(200, "It has ended, or there was none.", media=None, headers=_SECRET),
            _BAD_FORM,
            _NO_CLIENT,
        ),
    ),
)
