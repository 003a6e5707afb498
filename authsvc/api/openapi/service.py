"""The service port's operations."""

from authsvc.api.openapi.document import Document
from authsvc.api.openapi.forms import (
    Ended,
    Holder,
    Introspection,
    Login,
    OAuthError,
    OwnSessions,
    PasswordChange,
    Refresh,
    Registered,
    Registration,
    ResetConfirmation,
    ResetRequest,
    Token,
    Tokens,
)
from authsvc.api.openapi.operation import FORM, NOTHING, TEXT, Answer, Link, Operation, Security
from authsvc.api.problems import Code

SECRET = ("Cache-Control",)

ACCOUNTS = (
    Operation(
        method="POST",
        path="/v1/users",
        name="register",
        summary="Make an account",
        told="Does not log in. Passwords are hashed with bcrypt, which takes its time on purpose; "
        "when too many wait for that, the answer is 503 and says when to come back.",
        body=Registration,
        answers=(Answer(201, "The account was made.", Registered),),
        problems=(Code.LOGIN_TAKEN, Code.TOO_MANY_ATTEMPTS, Code.OVERLOADED),
        links=(Link("logIn"),),
    ),
)

SESSIONS = (
    Operation(
        method="POST",
        path="/v1/sessions",
        name="logIn",
        summary="Log in",
        told="An unknown login, a disabled account and a wrong password get the same answer, in "
        "the same time. 403 `password_change_required` is told only to who knows the password.",
        body=Login,
        answers=(Answer(201, "A session has begun.", Tokens, headers=SECRET),),
        problems=(
            *(Code.INVALID_CREDENTIALS, Code.PASSWORD_CHANGE_REQUIRED),
            *(Code.TOO_MANY_ATTEMPTS, Code.OVERLOADED),
        ),
        links=(
            Link("refresh", body={"refresh_token": "$response.body#/refresh_token"}),
            Link("endSession", {"id": "$response.body#/session_id"}),
            *(Link(to) for to in ("whoAmI", "listSessions", "endOthers", "logOut")),
        ),
    ),
    Operation(
        method="POST",
        path="/v1/sessions/refresh",
        name="refresh",
        summary="The next tokens of a session",
        told="A refresh token is good for once. Repeating the last refresh within 10 s gives the "
        "same pair again; an older token is taken for a stolen one, and ends the session.",
        body=Refresh,
        answers=(Answer(200, "The old pair is void.", Tokens, headers=SECRET),),
        problems=(Code.INVALID_TOKEN,),
        links=(Link("refresh", body={"refresh_token": "$response.body#/refresh_token"}),),
    ),
    Operation(
        method="GET",
        path="/v1/whoami",
        name="whoAmI",
        summary="Whose token is this",
        answers=(Answer(200, "The session lives.", Holder, headers=SECRET),),
        problems=(Code.INVALID_TOKEN,),
        security=(Security.USER,),
    ),
    Operation(
        method="GET",
        path="/v1/sessions",
        name="listSessions",
        summary="Where am I logged in",
        answers=(Answer(200, "The live sessions.", OwnSessions, headers=SECRET),),
        problems=(Code.INVALID_TOKEN,),
        security=(Security.USER,),
        links=(Link("endSession", {"id": "$response.body#/sessions/0/id"}),),
    ),
    Operation(
        method="DELETE",
        path="/v1/sessions",
        name="endOthers",
        summary="Log out everywhere else",
        answers=(Answer(200, "The asking session lives on.", Ended, headers=SECRET),),
        problems=(Code.INVALID_TOKEN,),
        security=(Security.USER,),
    ),
    Operation(
        method="DELETE",
        path="/v1/sessions/current",
        name="logOut",
        summary="Log out",
        answers=(Answer(204, "The session has ended; its tokens open nothing any more."),),
        problems=(Code.INVALID_TOKEN,),
        security=(Security.USER,),
        links=(Link("whoAmI"),),
    ),
    Operation(
        method="DELETE",
        path="/v1/sessions/{id}",
        name="endSession",
        summary="Log out there",
        told="Of one's own sessions; another's is not found, like one that never was.",
        answers=(Answer(204, "The session has ended."),),
        problems=(Code.INVALID_TOKEN, Code.SESSION_NOT_FOUND),
        security=(Security.USER,),
    ),
)

PASSWORDS = (
    Operation(
        method="POST",
        path="/v1/password",
        name="changePassword",
        summary="Change the password",
        told="All other sessions of the account end.",
        body=PasswordChange,
        answers=(Answer(204, "From now on it is the new one."),),
        problems=(
            *(Code.INVALID_TOKEN, Code.WRONG_PASSWORD),
            *(Code.TOO_MANY_ATTEMPTS, Code.OVERLOADED),
        ),
        security=(Security.USER,),
    ),
    Operation(
        method="POST",
        path="/v1/password/reset",
        name="requestReset",
        summary="Ask for a reset",
        told="The same answer, in the same time, whether there is such an account or not.",
        body=ResetRequest,
        answers=(Answer(202, "If there is such an account, its owner is sent a token."),),
        problems=(Code.TOO_MANY_ATTEMPTS,),
    ),
    Operation(
        method="POST",
        path="/v1/password/reset/confirm",
        name="confirmReset",
        summary="End a reset",
        told="All sessions of the account end, and none begins.",
        body=ResetConfirmation,
        answers=(Answer(204, "From now on it is the new one."),),
        problems=(Code.INVALID_RESET_TOKEN, Code.OVERLOADED),
    ),
)

_REFUSED = (
    Answer(400, "The form does not say which token.", OAuthError, headers=SECRET),
    Answer(401, "No service's token.", OAuthError, headers=(*SECRET, "WWW-Authenticate")),
)

PROGRAMS = (
    Operation(
        method="POST",
        path="/v1/introspect",
        name="introspect",
        summary="May this token be let in (RFC 7662)",
        body=Token,
        media=FORM,
        answers=(Answer(200, "It says so.", Introspection, headers=SECRET), *_REFUSED),
        security=(Security.PROGRAM,),
    ),
    Operation(
        method="POST",
        path="/v1/revoke",
        name="revoke",
        summary="End a token's session (RFC 7009)",
        told="Whoever has a token may end it. A service that says who it is stands in the audit.",
        body=Token,
        media=FORM,
        answers=(Answer(200, "It opens nothing, if it ever did.", media=NOTHING), *_REFUSED),
        security=(),
    ),
)

ABOUT = (
    Operation(
        method="GET",
        path="/livez",
        name="live",
        summary="Does the process turn",
        answers=(Answer(200, "It does.", media=TEXT),),
        asks_database=False,
    ),
    Operation(
        method="GET",
        path="/readyz",
        name="ready",
        summary="Should it get traffic",
        told="Details are on the private listener.",
        answers=(
            Answer(200, "It should.", media=TEXT),
            Answer(503, "No database, an old schema, or it is leaving.", media=TEXT),
        ),
        asks_database=False,
    ),
    Operation(
        method="GET",
        path="/openapi.json",
        name="document",
        summary="This document",
        answers=(Answer(200, "OpenAPI 3.1."),),
        asks_database=False,
    ),
)

DOCUMENT = Document(
    "Evenhand auth service",
    "Accounts, sessions, passwords; and for programs, what a token is worth.\n\n"
    "Errors are problem documents (RFC 9457) with a `code` from a closed list. A path that is not "
    "here is answered with 404 `not_found`, a method that a path does not have with 405 "
    "`method_not_allowed` and `Allow`. GET is also answered as HEAD.",
    (*ACCOUNTS, *SESSIONS, *PASSWORDS, *PROGRAMS, *ABOUT),
)
