"""`evenhand authsvc client`: who may introspect tokens, and who may look after accounts."""

import argparse
import asyncio
import getpass
import json
import os
import re
import sys
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from authsvc import client_tokens
from authsvc.connecting import connection
from authsvc.origin import Origin
from authsvc.settings import SettingsError, database_url
from authsvc.store.clients import Client, Clients, Role
from authsvc.store.database import Single

T = TypeVar("T")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}", re.ASCII)

_EXAMPLES = """\
examples:
  evenhand authsvc client add oncall-ada --role admin    her token is printed, this once
  evenhand authsvc client add web-shop --role service    a program that asks about tokens
  evenhand authsvc client list
  evenhand authsvc client revoke oncall-ada              at once, on every instance

Give each person and program a client of their own: its name stands in the audit.
"""


def add(verbs: Any) -> None:
    """Declare the verb."""
    parser = verbs.add_parser(
        "client",
        help="programs and operators that may ask about others",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    deeds = parser.add_subparsers(dest="deed", required=True, metavar="add|revoke|list")
    to_add = deeds.add_parser("add", help="a new one; prints its token, which is not kept")
    to_add.add_argument(
        "--role", choices=[*Role], required=True, help="service: asks about tokens; admin: accounts"
    )
    to_revoke = deeds.add_parser("revoke", help="its token opens nothing any more")
    for deed in (to_add, to_revoke):
        deed.add_argument("name", metavar="NAME")
    for deed in (to_add, to_revoke, deeds.add_parser("list", help="all, revoked ones too")):
        deed.add_argument(
            "--wait", type=float, default=10.0, metavar="S", help="for the database; default 10"
        )
        deed.add_argument("--json", action="store_true", help="print the result as JSON")


def run(asked: argparse.Namespace) -> None:
    """Do it. Raises SettingsError and UnreachableError."""
    {"add": _add, "revoke": _revoke, "list": _list}[asked.deed](asked)


def _add(asked: argparse.Namespace) -> None:
    if not _NAME.fullmatch(asked.name):
        raise SettingsError(
            f"'{asked.name}' will not do as a name; give 2 to 64 of a-z, 0-9, '.', '_' and '-', "
            "for example oncall-ada"
        )
    token = client_tokens.mint()
    digest = client_tokens.digest(token) or b""
    role = Role(asked.role)
    if not _ask(asked, lambda clients: clients.add(_origin(), asked.name, role, digest)):
        raise SettingsError(
            f"there is or was a client '{asked.name}', and the audit must not confuse the two; "
            "take another name"
        )
    if asked.json:
        _print(json.dumps({"name": asked.name, "role": role, "token": token}))
        return
    _print(f"client {asked.name} with role {role}; its token, which is shown only now:")
    _print(token)


def _revoke(asked: argparse.Namespace) -> None:
    if not _ask(asked, lambda clients: clients.revoke(_origin(), asked.name)):
        raise SettingsError(f"no client '{asked.name}' to revoke; `client list` names those")
    _print(json.dumps({"revoked": asked.name}) if asked.json else f"revoked {asked.name}")


def _list(asked: argparse.Namespace) -> None:
    found = _ask(asked, lambda clients: clients.all())
    if asked.json:
        _print(json.dumps({"clients": [_told(client) for client in found]}))
        return
    for client in found:
        ended = f", revoked {client.revoked_at:%Y-%m-%d %H:%M}" if client.revoked_at else ""
        _print(f"{client.name:24} {client.role:8} since {client.created_at:%Y-%m-%d %H:%M}{ended}")


def _told(client: Client) -> dict[str, str | None]:
    revoked = client.revoked_at.isoformat() if client.revoked_at else None
    at = client.created_at.isoformat()
    return {"name": client.name, "role": client.role, "created_at": at, "revoked_at": revoked}


def _ask(asked: argparse.Namespace, question: Callable[[Clients], Awaitable[T]]) -> T:
    async def answer() -> T:
        async with connection(database_url(os.environ), asked.wait) as opened:
            return await question(Clients(Single(opened)))

    return asyncio.run(answer())


def _origin() -> Origin:
    """For the audit: the person at this terminal, as the system knows them."""
    return Origin(request_id=uuid.uuid4().hex, instance="command", actor=getpass.getuser())


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
