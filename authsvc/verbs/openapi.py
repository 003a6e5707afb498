"""`evenhand authsvc openapi`: the documents, without an instance that serves them."""

import argparse
import sys
from typing import Any

from authsvc.api.openapi import operators, service

_EXAMPLES = """\
examples:
  evenhand authsvc openapi > auth.json            what clients see
  evenhand authsvc openapi --admin > admin.json   what operators see

An instance serves both too: /openapi.json on the service port and, with a token, on --admin.
"""


def add(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser(
        "openapi",
        help="print the OpenAPI 3.1 document",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--admin", action="store_true", help="of the operators' listener")


def run(asked: argparse.Namespace) -> None:
    """Print it."""
    document = operators.DOCUMENT if asked.admin else service.DOCUMENT
    sys.stdout.write(document.text() + "\n")
