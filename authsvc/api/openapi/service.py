"""The service port's operations."""

from authsvc.api.openapi.document import Document
from authsvc.api.openapi.forms import Holder, LoggedIn, Login, Registered, Registration
from authsvc.api.openapi.operation import TEXT, Answer, Link, Operation, Security
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
        problems=(Code.LOGIN_TAKEN, Code.OVERLOADED),
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
        "the same time.",
        body=Login,
        answers=(Answer(201, "A session has begun.", LoggedIn, headers=SECRET),),
        problems=(Code.INVALID_CREDENTIALS, Code.OVERLOADED),
        links=(Link("whoAmI"), Link("logOut")),
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
        method="DELETE",
        path="/v1/sessions/current",
        name="logOut",
        summary="Log out",
        answers=(Answer(204, "The session has ended; its token opens nothing any more."),),
        problems=(Code.INVALID_TOKEN,),
        security=(Security.USER,),
        links=(Link("whoAmI"),),
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
    "Register, log in, who am I, log out.\n\n"
    "Errors are problem documents (RFC 9457) with a `code` from a closed list. A path that is not "
    "here is answered with 404 `not_found`, a method that a path does not have with 405 "
    "`method_not_allowed` and `Allow`. GET is also answered as HEAD.",
    (*ACCOUNTS, *SESSIONS, *ABOUT),
)
