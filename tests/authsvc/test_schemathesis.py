"""What generated requests find: schemathesis over the documents, against a real instance.

Every operation is asked with examples, at the edges of its schemas, with chance inside and outside
them, and along the links. The defects that its checks look for: a server error; a status, media
type, header or body that the document does not have; proper data refused, improper data taken; a
method or a request without its token let through.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from authsvc.api.openapi import operators, service
from authsvc.api.openapi.document import Document
from authsvc.store.clients import Role
from tests.authsvc.conftest import PASSWORD, apart, until_true
from tests.authsvc.service import Process, process
from tests.authsvc.test_admin import new_client

pytestmark = pytest.mark.live

SECONDS = 20  # for generated cases of one document; what was begun is finished
RUN = "from schemathesis.cli import schemathesis; schemathesis()"
NOT_FOR_US = "use_after_free"  # it takes a collection that was emptied for one that is gone
EXCEPT = {
    "POST /v1/users": "positive_data_acceptance",
    "POST /v1/password": "positive_data_acceptance",
    "POST /v1/password/reset/confirm": "positive_data_acceptance",
    "POST /v1/sessions/refresh": "unsupported_method",
}
"""What a schema cannot say: which passwords are common, which reset is due; and that to a router
`DELETE /v1/sessions/refresh` is `/v1/sessions/{id}`."""


@pytest.fixture(scope="module")
def running(database: str) -> Iterator[Process]:
    """One instance for both documents."""
    with process(database) as started:
        apart(until_true(started.ready))
        yield started


@pytest.fixture
def program(database: str) -> str:
    """The token of a program that may introspect."""
    return apart(new_client(database, Role.SERVICE))[1]


def run(folder: Path, content: dict[str, Any], url: str, auth: str, *more: str) -> str:
    """What schemathesis says, which is an error unless it found nothing."""
    (folder / "document.json").write_text(json.dumps(content))
    (folder / "schemathesis.toml").write_text(auth)
    how = (
        "--exclude-checks",
        NOT_FOR_US,
        "--no-color",
        "--seed",
        "5",
        "-n",
        "8",
        "--max-time",
        str(SECONDS),
    )
    done = subprocess.run(
        [sys.executable, "-c", RUN, "--config-file", "schemathesis.toml", "run", "document.json",
         "--url", url, "--generation-database", "none", *how, *more],
        cwd=folder, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return ""
    return (done.stdout + done.stderr).partition("= FAILURES =")[2] or done.stdout + done.stderr


def as_user(program: str) -> str:
    """Logs in whenever a token does not open any more: some operations end their own session."""
    exceptions = [
        f'[[operations]]\ninclude-name = "{name}"\nchecks.{check}.enabled = false\n'
        f"{'checks.allow_header_conformance.enabled = false' if 'method' in check else ''}\n"
        for name, check in EXCEPT.items()
    ]
    return f"""
[auth.openapi.serviceToken]
bearer = "{program}"
[auth.dynamic.openapi.accessToken]
path = "/v1/sessions"
payload = {{ login = "user0001", password = "{PASSWORD}" }}
extract_selector = "/access_token"
{"".join(exceptions)}
"""


def as_operator(token: str) -> str:
    """One token for all."""
    return f'[auth.openapi.adminToken]\nbearer = "{token}"\n'


def without(document: Document, path: str, *statuses: str) -> dict[str, Any]:
    """One path of the document, with gaps."""
    content = document.content()
    content["paths"] = {path: content["paths"][path]}
    for operation in content["paths"][path].values():
        for status in statuses:
            operation["responses"].pop(status, None)
    return content


def test_the_service_port(running: Process, program: str, tmp_path: Path) -> None:
    """Nothing found."""
    content = service.DOCUMENT.content()
    found = run(tmp_path, content, running.urls["service"], as_user(program))
    assert not found, found


def test_the_operators_listener(running: Process, database: str, tmp_path: Path) -> None:
    """Nothing found."""
    _, token = apart(new_client(database, Role.ADMIN))
    content = operators.DOCUMENT.content()
    found = run(tmp_path, content, running.urls["admin"], as_operator(token))
    assert not found, found


def test_a_gap_in_the_document_would_be_found(
    running: Process, program: str, tmp_path: Path
) -> None:
    """So that the silence of the other two means something."""
    # Both ways, since the runs before this one may have made the account that the example has.
    content = without(service.DOCUMENT, "/v1/sessions", "201", "401")
    said = run(tmp_path, content, running.urls["service"], as_user(program), "--phases", "examples")
    assert "Undocumented" in said
    assert re.search("Received: (201|401)", said)


def test_no_answer_was_an_accident(running: Process) -> None:
    """Nothing that the runs before this one sent was unforeseen; each line is one JSON object."""
    lines = [json.loads(line) for line in list(running.lines)]
    assert not [line for line in lines if line["level"] == "error"]
