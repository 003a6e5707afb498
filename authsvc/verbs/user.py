"""`evenhand authsvc user`: an account made, closed or opened again, by whoever has the database."""

import argparse
import asyncio
import json
import os
import secrets
import sys
from typing import Any

from authsvc import names
from authsvc.hashing.acceptable import refusal
from authsvc.hashing.passwords import Hasher
from authsvc.names import Alphabet
from authsvc.settings import (
    HIGHEST_BCRYPT_COST,
    LOWEST_BCRYPT_COST,
    PRODUCTION_COST,
    SettingsError,
    database_url,
    pepper,
)
from authsvc.store.accounts import Accounts
from authsvc.store.administration import Administration
from authsvc.store.database import Single
from authsvc.verbs.connected import connected, origin

_MADE_UP_BYTES = 15  # 120 bits, 20 characters
_LONGEST_LINE = 8192

_ABOUT = """\
Make an account, close it, or open it again. Each is kept in the audit, as done by you.
"""

_EXAMPLES = """\
examples:
  evenhand authsvc user add alice                         prints a made-up password, once
  pass show alice | evenhand authsvc user add alice --password-stdin
  evenhand authsvc user disable alice                     and end every session of hers
  evenhand authsvc user enable alice
"""


def add(verbs: Any) -> None:
    """Describe the flags."""
    layout = argparse.RawDescriptionHelpFormatter
    about = "make an account, disable or enable it"
    parser: argparse.ArgumentParser = verbs.add_parser(
        "user", help=about, description=_ABOUT, epilog=_EXAMPLES, formatter_class=layout
    )
    deeds = parser.add_subparsers(dest="deed", required=True, metavar="DEED")
    to_add = deeds.add_parser("add", help="a new account")
    to_add.add_argument(
        "--password-stdin", action="store_true", help="read it there; else one is made up"
    )
    to_add.add_argument(
        "--bcrypt-cost",
        type=int,
        choices=range(LOWEST_BCRYPT_COST, HIGHEST_BCRYPT_COST + 1),
        default=PRODUCTION_COST,
        metavar="N",
        help="as the instances have it; default 10",
    )
    for deed in (
        to_add,
        deeds.add_parser("disable", help="no login any more, and every session ends"),
        deeds.add_parser("enable", help="logins again"),
    ):
        deed.add_argument("login")
        deed.add_argument(
            "--names", choices=[*Alphabet], default=Alphabet.ASCII, help="as the instances have it"
        )
        deed.add_argument("--wait", type=float, default=10.0, metavar="S", help="for the database")
        deed.add_argument("--json", action="store_true", help="print the result as JSON")


def run(asked: argparse.Namespace) -> None:
    """Do the deed. Raises SettingsError where it cannot be done."""
    login_norm = names.normalise(asked.login, Alphabet(asked.names))
    if login_norm is None:
        raise SettingsError(f"{asked.login!r} is no login: it {Alphabet(asked.names).policy}")
    if asked.deed == "add":
        _add(asked, login_norm)
    else:
        _switch(asked, login_norm)


def _add(asked: argparse.Namespace, login_norm: str) -> None:
    password = _read() if asked.password_stdin else secrets.token_urlsafe(_MADE_UP_BYTES)
    if why := refusal(password, login_norm):
        raise SettingsError(f"the password {why.told}")
    url, secret = database_url(os.environ), pepper(os.environ)
    stored = Hasher.prepare(secret, asked.bcrypt_cost).create(password)

    async def register() -> object:
        async with connected(url, asked.wait) as opened:
            accounts = Accounts(Single(opened))
            return await accounts.register(origin(), asked.login, login_norm, stored)

    user_id = asyncio.run(register())
    if user_id is None:
        raise SettingsError(f"{asked.login} is taken")
    told = {"user_id": str(user_id), "login": asked.login}
    if not asked.password_stdin:
        told["password"] = password
    _say(asked, told, "\n".join([f"{asked.login} can log in", *list(told.values())[2:]]))


def _switch(asked: argparse.Namespace, login_norm: str) -> None:
    url, active = database_url(os.environ), asked.deed == "enable"

    async def switch() -> bool:
        async with connected(url, asked.wait) as opened:
            operator = Administration(Single(opened))
            found = await operator.named(login_norm)
            deed = operator.enable if active else operator.disable
            return found is not None and await deed(origin(), found.id) is not None

    if not asyncio.run(switch()):
        already = "active" if active else "disabled"
        raise SettingsError(f"there is no account {asked.login}, or it is {already} already")
    now = "can log in again" if active else "can no longer log in; its sessions have ended"
    _say(asked, {"login": asked.login, "active": active}, f"{asked.login} {now}")


def _read() -> str:
    return sys.stdin.readline(_LONGEST_LINE).rstrip("\r\n")


def _say(asked: argparse.Namespace, told: dict[str, Any], words: str) -> None:
    sys.stdout.write((json.dumps(told) if asked.json else words) + "\n")
