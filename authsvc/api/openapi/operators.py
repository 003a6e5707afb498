"""The operators' listener's operations."""

from authsvc.api.admin.forms import (
    AuditPage,
    AuditQuery,
    LoginOnly,
    LoginQuery,
    SessionList,
    SessionsEnded,
    UserList,
    UserView,
)
from authsvc.api.openapi.document import Document
from authsvc.api.openapi.operation import Answer, Link, Operation, Security
from authsvc.api.problems import Code

_ONE = "/admin/users/{id}"
_SECRET = ("Cache-Control",)
_ADMIN = (Security.OPERATOR,)
_REFUSED = (Code.INVALID_CLIENT_TOKEN,)
_MISSING = (Code.INVALID_CLIENT_TOKEN, Code.USER_NOT_FOUND)
_ID = {"id": "$response.body#/id"}
_NEXT = {
    "before": "$response.body#/next/before",
    "before_id": "$response.body#/next/before_id",
}
_DEEDS = ("look", "disable", "enable", "unlock", "reset", "listSessions", "endSessions")


def _deed(name: str, summary: str, told: str) -> Operation:
    return Operation(
        method="POST",
        path=f"{_ONE}/{name}",
        name=name,
        summary=summary,
        told=told,
        answers=(Answer(200, "The account as it is now.", UserView, headers=_SECRET),),
        problems=_MISSING,
        security=_ADMIN,
        links=tuple(Link(deed, _ID) for deed in _DEEDS),
    )


ACCOUNTS = (
    Operation(
        method="POST",
        path="/admin/users",
        name="create",
        summary="Make an account without a password",
        told="A message with a reset goes into the outbox; its owner chooses the password.",
        body=LoginOnly,
        answers=(Answer(201, "The account was made.", UserView, headers=_SECRET),),
        problems=(*_REFUSED, Code.LOGIN_TAKEN),
        security=_ADMIN,
        links=tuple(Link(deed, _ID) for deed in _DEEDS),
    ),
    Operation(
        method="GET",
        path="/admin/users",
        name="search",
        summary="Find an account by its login",
        query=LoginQuery,
        answers=(Answer(200, "None or one.", UserList, headers=_SECRET),),
        problems=_REFUSED,
        security=_ADMIN,
    ),
    Operation(
        method="GET",
        path=_ONE,
        name="look",
        summary="Look at an account",
        answers=(Answer(200, "The account.", UserView, headers=_SECRET),),
        problems=_MISSING,
        security=_ADMIN,
    ),
    _deed("disable", "No more logins", "All its sessions end in the same moment."),
    _deed("enable", "Logins again", "Sessions stay ended."),
    _deed("unlock", "Forget failed attempts", "The account's throttles are cleared."),
    Operation(
        method="POST",
        path=f"{_ONE}/reset",
        name="reset",
        summary="Force a new password",
        told="Sessions end, the password must change, and a message with a reset goes into the "
        "outbox; earlier ones are void.",
        answers=(Answer(202, "The message is due.", UserView, headers=_SECRET),),
        problems=(*_MISSING, Code.WRONG_STATUS),
        security=_ADMIN,
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/sessions",
        name="listSessions",
        summary="Where somebody is logged in",
        answers=(Answer(200, "Live sessions, the newest first.", SessionList, headers=_SECRET),),
        problems=_MISSING,
        security=_ADMIN,
    ),
    Operation(
        method="DELETE",
        path=f"{_ONE}/sessions",
        name="endSessions",
        summary="Log somebody out everywhere",
        answers=(Answer(200, "How many sessions ended.", SessionsEnded, headers=_SECRET),),
        problems=_MISSING,
        security=_ADMIN,
    ),
)

AUDIT = (
    Operation(
        method="GET",
        path="/admin/audit",
        name="readAudit",
        summary="Read the audit",
        told="Newest first. A page's `next` has what to give for the following one.",
        query=AuditQuery,
        answers=(Answer(200, "A page of events.", AuditPage, headers=_SECRET),),
        problems=_REFUSED,
        security=_ADMIN,
        links=(Link("readAudit", _NEXT),),
    ),
)

ABOUT = (
    Operation(
        method="GET",
        path="/openapi.json",
        name="document",
        summary="This document",
        answers=(Answer(200, "OpenAPI 3.1."),),
        problems=_REFUSED,
        security=_ADMIN,
    ),
)

DOCUMENT = Document(
    "Evenhand auth service: operators",
    "Accounts, their sessions and the audit, for clients with the role `admin`; every deed is "
    "audited with the client's name.\n\nErrors are as on the service port. Without a token that "
    "opens this listener, every path and method is answered with 401.",
    (*ACCOUNTS, *AUDIT, *ABOUT),
)
