"""The page about the API has the same surface as the documents."""

from pathlib import Path

from authsvc.api.openapi import operators, service

PAGE = Path(__file__).parents[2] / "docs/auth-api.md"
WHO = {"accessToken": "a user", "serviceToken": "a program", "adminToken": "an operator"}


def surface() -> str:
    """The table, a line for each operation."""
    lines = ["| operation | does | for | answers |", "| --- | --- | --- | --- |"]
    for document in (service.DOCUMENT, operators.DOCUMENT):
        for one in document.operations:
            who = ", ".join(WHO[kind] for kind in one.security) or "all"
            told = {answer.status for answer in one.answers}
            told |= {code.status for code in one.problems}
            answers = ", ".join(map(str, sorted(told)))
            lines.append(f"| `{one.method} {one.path}` | {one.summary} | {who} | {answers} |")
    return "\n".join(lines) + "\n"


def test_the_page_has_the_surface_of_the_documents() -> None:
    """Copy it from the failure if the documents have changed."""
    block = PAGE.read_text().split("<!-- surface -->\n")[1].split("<!-- end -->")[0]
    assert block == surface()
