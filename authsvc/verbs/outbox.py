"""`evenhand authsvc outbox`: messages for people, where there is nothing yet that sends them.

What sends real mail stands in this place: it takes what is unsent, derives the token, sends, and
marks as sent. A crash in between sends a message twice, and loses none.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from authsvc import resets
from authsvc.settings import database_url, pepper
from authsvc.verbs.connected import connected

_BATCH = 100
_POLL_SECONDS = 1.0

_ABOUT = """\
Print the messages that wait to be sent, with the tokens of password resets, and mark them as sent.
A token sets a new password: print them only where nobody else looks.
"""

_EXAMPLES = """\
examples:
  evenhand authsvc outbox                 what waits now
  evenhand authsvc outbox --follow        and what comes, until Ctrl-C
  evenhand authsvc outbox --json          one object a line, for a program that sends

then, with a token:
  curl -i 127.0.0.1:8091/v1/password/reset/confirm -H 'Content-Type: application/json' \\
       -d '{"token": "arp_…", "password": "a new one"}'
"""


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told to an account's owner. A reset that nobody can use any more is not."""

    kind: str
    login: str
    created_at: datetime
    expires_at: datetime | None = None
    token: str | None = None

    def __str__(self) -> str:
        said = f"{self.created_at:%Y-%m-%d %H:%M:%SZ}  {self.kind}  {self.login}"
        return (
            said
            if self.token is None
            else f"{said}  until {self.expires_at:%H:%M:%SZ}  {self.token}"
        )

    def json(self) -> str:
        """One line."""
        told = {name: value for name, value in asdict(self).items() if value is not None}
        return json.dumps(told, default=datetime.isoformat)


def add(verbs: Any) -> None:
    """Describe the flags."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "outbox",
        help="print the messages that wait to be sent, with their tokens",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--wait", type=float, default=10.0, metavar="S", help="for the database")


def run(asked: argparse.Namespace) -> None:
    """Print, mark, and go on if asked to."""
    asyncio.run(_run(asked, database_url(os.environ), pepper(os.environ)))


async def _run(asked: argparse.Namespace, url: str, secret: bytes) -> None:
    async with connected(url, asked.wait) as opened:
        while True:
            taken = await take(opened, secret, lambda messages: _show(messages, asked.json))
            if taken < _BATCH and not asked.follow:
                return
            if taken < _BATCH:
                await asyncio.sleep(_POLL_SECONDS)


async def take(opened: Any, secret: bytes, send: Any) -> int:
    """Hand up to a batch of messages to `send`, oldest first, then mark them. How many they were.

    Several at a time share the work: what one has taken, the others skip.
    """
    async with opened.transaction():
        rows = await opened.fetch(_UNSENT, _BATCH)
        send([_message(row, secret) for row in rows if row["usable"]])
        await opened.execute(_MARK, [row["id"] for row in rows])
    return len(rows)


def _message(row: Any, secret: bytes) -> Message:
    reset_id: UUID | None = row["reset_id"]
    token = resets.token(secret, reset_id) if reset_id else None
    return Message(row["kind"], row["login"], row["created_at"], row["expires_at"], token)


def _show(messages: Iterable[Message], as_json: bool) -> None:
    for message in messages:
        sys.stdout.write((message.json() if as_json else str(message)) + "\n")
    sys.stdout.flush()


_UNSENT = """
select o.id, o.kind, o.created_at, o.reset_id, u.login, r.expires_at,
       o.reset_id is null or (r.used_at is null and r.expires_at > now()) as usable
from outbox o join users u on u.id = o.user_id left join password_resets r on r.id = o.reset_id
where o.sent_at is null
order by o.created_at, o.id
limit $1
for update of o skip locked
"""
_MARK = "update outbox set sent_at = now() where id = any($1::uuid[])"
