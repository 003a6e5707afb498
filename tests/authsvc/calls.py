"""A plain client for tests that are not asynchronous: one connection, kept; answers are held
against the document."""

import http.client
import json
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

from tests.authsvc.documented import Documented


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Calls:
    """Requests to one listener."""

    def __init__(self, url: str, document: Documented) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
        self._document = document

    def ask(self, method: str, path: str, token: str = "", body: Any = None) -> Reply:
        """One request, with a bearer token and a JSON body if they are given."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, path, sent, headers)
        answer = self._connection.getresponse()
        reply = Reply(answer.status, answer.headers, answer.read())
        self._document.hold(method, path, reply)
        return reply

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()
