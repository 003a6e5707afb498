"""The documents say what the applications do, and all of it."""

import json
from typing import Any

import pytest
from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator

from authsvc.api.openapi import operators, service
from authsvc.api.openapi.document import Document
from authsvc.api.problems import Code
from authsvc.cli import main
from authsvc.settings import Address
from tests.authsvc.conftest import Running, Start

DOCUMENTS = pytest.mark.parametrize("document", [service.DOCUMENT, operators.DOCUMENT])


@DOCUMENTS
def test_a_document_is_proper_openapi(document: Document) -> None:
    """Checked by the validator that its makers point to."""
    OpenAPIV31SpecValidator(document.content()).validate()


@DOCUMENTS
def test_links_lead_to_operations(document: Document) -> None:
    """And name only parameters that those have; each operation has a name of its own."""
    operations = {operation.name: operation for operation in document.operations}
    assert len(operations) == len(document.operations)
    for operation in document.operations:
        for link in operation.links:
            to = operations[link.to]
            query = to.query.model_fields if to.query else {}
            fields = to.body.model_fields if to.body else {}
            assert all(f"{{{name}}}" in to.path or name in query for name in link.parameters)
            assert set(link.body) <= set(fields)


def test_each_code_can_be_met() -> None:
    """A code that no operation has would be one that nobody is told of."""
    met = {
        code
        for document in (service.DOCUMENT, operators.DOCUMENT)
        for operation in document.operations
        for code in operation.all_problems
    }
    assert set(Code) - met == {Code.NOT_FOUND, Code.METHOD_NOT_ALLOWED}  # of what is not there


@pytest.mark.parametrize("argv", [["openapi"], ["openapi", "--admin"]])
def test_the_command_prints_what_is_served(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an instance, a database or a secret."""
    assert main(argv) == 0
    document = operators.DOCUMENT if "--admin" in argv else service.DOCUMENT
    assert json.loads(capsys.readouterr().out) == document.content()


def routes(app: web.Application) -> set[tuple[str, str]]:
    """Method and path of every route; HEAD comes with GET."""
    return {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }


def described(document: Document) -> set[tuple[str, str]]:
    """Method and path of every operation."""
    return {(operation.method, operation.path) for operation in document.operations}


@pytest.mark.live
async def test_every_route_is_described_and_no_other(start: Start, database: str) -> None:
    """Of the running applications, on both listeners."""
    auth = await start(database, hash_seconds=0.0, admin=Address("127.0.0.1", 0))
    public, _, admin = auth.instance.applications
    assert routes(public) == described(service.DOCUMENT)
    assert routes(admin) == described(operators.DOCUMENT)


@pytest.mark.live
async def test_the_document_is_served(start: Start, database: str) -> None:
    """To everybody on the service port; operators' only to operators (see test_admin)."""
    auth = await start(database, hash_seconds=0.0, admin=Address("127.0.0.1", 0))
    assert (await auth.ask("GET", "/openapi.json")).json == service.DOCUMENT.content()
    assert (await told(auth)) == 401


async def told(auth: Running) -> Any:
    """The status of the operators' document without a token."""
    return (await auth.ask("GET", "/openapi.json", admin=True)).status
