"""How failures become answers."""

import asyncpg
import pytest
from aiohttp import web

from authsvc.api.problems import Code
from authsvc.api.web import as_problem
from authsvc.hashing.admission import Reason
from authsvc.hashing.queue import HashRejectedError
from authsvc.metrics import SqlstateClass
from authsvc.store.database import DatabaseUnavailableError, trouble


def test_a_shed_login_is_told_when_to_come_back() -> None:
    """The queue knows, and its number is passed on."""
    problem = as_problem(HashRejectedError(Reason.QUEUE_FULL, 7))
    assert (problem.code, problem.headers["Retry-After"]) == (Code.OVERLOADED, "7")


def test_database_trouble_is_a_503_with_retry_after() -> None:
    """And says nothing of what the database said."""
    problem = as_problem(DatabaseUnavailableError(SqlstateClass.CONNECTION))
    assert problem.code is Code.DATABASE_UNAVAILABLE
    assert int(problem.headers["Retry-After"]) > 0


def test_what_nobody_foresaw_tells_nothing() -> None:
    """The text of an exception may quote anything."""
    problem = as_problem(RuntimeError("password is hush"))
    assert (problem.code, problem.detail) == (Code.INTERNAL, "")


def test_a_wrong_method_is_told_the_right_ones() -> None:
    """RFC 9110 requires Allow."""
    problem = as_problem(web.HTTPMethodNotAllowed("PUT", ["GET", "POST"]))
    assert (problem.code, problem.headers) == (Code.METHOD_NOT_ALLOWED, {"Allow": "GET,POST"})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (asyncpg.CannotConnectNowError(""), SqlstateClass.OPERATOR),
        (asyncpg.TooManyConnectionsError(""), SqlstateClass.RESOURCES),
        (asyncpg.UndefinedTableError(""), SqlstateClass.SCHEMA),
        (asyncpg.InternalClientError(""), SqlstateClass.OTHER),
        (ConnectionRefusedError(), SqlstateClass.CONNECTION),
        (TimeoutError(), SqlstateClass.TIMEOUT),
    ],
)
def test_database_failures_have_a_closed_list_of_classes(
    error: Exception, kind: SqlstateClass
) -> None:
    """They become a label, so there must not be many."""
    assert trouble(error) is kind
