"""The service port's operations."""

from authsvc.api.openapi import passwords, sessions
from authsvc.api.openapi.document import Document
from authsvc.api.openapi.forms import Registered, Registration
from authsvc.api.openapi.operation import TEXT, Answer, Link, Operation
from authsvc.api.problems import Code

ACCOUNTS = (
    Operation(
        method="POST",
        path="/v1/users",
        name="register",
        summary="Make an account",
        told="Does not log in. Passwords are hashed with bcrypt, which takes its time on purpose; "
        "when too many wait for that, the answer is 503 and says when to come back. Common "
        "passwords, and those like the login, are refused (422, `reason`).",
        body=Registration,
        answers=(Answer(201, "The account was made.", Registered),),
        problems=(Code.LOGIN_TAKEN, Code.TOO_MANY_ATTEMPTS, Code.OVERLOADED),
        links=(Link("logIn"),),
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
    "Register, log in, stay logged in, see and end sessions, change or reset a password; for "
    "services: may this token in.\n\n"
    "Errors are problem documents (RFC 9457) with a `code` from a closed list. A path that is not "
    "here is answered with 404 `not_found`, a method that a path does not have with 405 "
    "`method_not_allowed` and `Allow`. GET is also answered as HEAD.",
    (*ACCOUNTS, *sessions.OPERATIONS, *sessions.FOR_SERVICES, *passwords.OPERATIONS, *ABOUT),
)
