"""A client of the admin listener, and what the verbs that use it have in common."""

import argparse
import http.client
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from balancer.fields import is_loopback

DEFAULT_URL = "http://127.0.0.1:8081"
PATIENCE = 10.0
"""Seconds for one exchange: a configuration of a thousand endpoints takes one."""

DONE, REFUSED, FAILED = 0, 1, 2
"""Exit codes: done; the balancer refused it; it could not be asked, or was asked wrongly."""

EPILOG = """\
environment:
  EVENHAND_ADMIN_URL    where the admin listener is, unless --url says so (http://127.0.0.1:8081)
  EVENHAND_ADMIN_TOKEN  your token, unless --token-file names a file that holds it; a token in the
                        command line would be readable by everybody on the machine
"""


class Unusable(Exception):
    """What stands between us and an answer: a wrong option, no balancer there; says which."""


class Refused(Exception):
    """The balancer answered with an error; carries its problem document."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        self.status = status
        self.document = document
        lines = [f"{status}: {document.get('detail', 'no reason was given')}"]
        lines += [
            f"  {one['line']}:{one['column']}: {one['field']}: {one['message']}"
            for one in document.get("errors", [])
        ]
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer."""

    text: str
    hash: str
    """Of its ETag, without the quotes; empty if it has none."""

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON object. Raises Unusable."""
        try:
            value = json.loads(self.text)
        except ValueError as error:
            raise Unusable("the answer is not JSON; is that the admin listener?") from error
        if not isinstance(value, dict):
            raise Unusable("the answer is no JSON object; is that the admin listener?")
        return value


class AdminClient:
    """The admin listener at a URL, and the token to bring there (empty for none)."""

    def __init__(self, url: str, token: str) -> None:
        """Raises Unusable."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise Unusable(f"--url {url}: write it like {DEFAULT_URL}")
        if not token.isascii() or any(c.isspace() for c in token):
            raise Unusable("the token has characters that none of ours has; is it the right file?")
        self.url = url.rstrip("/")
        self.exposed = bool(token) and parts.scheme == "http" and not is_loopback(parts.hostname)
        """Whether the token goes over a network in the clear."""
        self._token = token
        kind = http.client.HTTPSConnection if parts.scheme == "https" else None
        self._connect = kind or http.client.HTTPConnection
        self._netloc = parts.netloc.rpartition("@")[2]

    def get(self, path: str) -> Answer:
        """Raises Refused, Unusable."""
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: str = "", if_match: str | None = None) -> Answer:
        """One exchange. Redirects are not followed: the token is for this listener alone.

        Raises Refused for an error status, Unusable if there was no answer.
        """
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        try:
            connection = self._connect(self._netloc, timeout=PATIENCE)
            try:
                connection.request(method, path, body.encode(), headers)
                response = connection.getresponse()
                text = response.read().decode()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise Unusable(f"{self.url} does not answer: {reason.lower()}") from error
        if not 200 <= response.status < 300:
            raise Refused(response.status, _problem(text))
        return Answer(text, response.headers.get("ETag", "").strip('"'))


def endpoint_path(pool: str, endpoint: str, verb: str) -> str:
    """The path of an action on an endpoint."""
    return f"/pools/{quote(pool, safe='')}/endpoints/{quote(endpoint, safe='')}/{verb}"


def _problem(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {"detail": text.strip()}
    return value if isinstance(value, dict) else {"detail": text.strip()}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that every verb of an operator has."""
    url = os.environ.get("EVENHAND_ADMIN_URL", DEFAULT_URL)
    parser.add_argument("--url", default=url, help=f"the admin listener (now: {url})")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="a file with your token")


def connect(url: str, token_file: Path | None) -> AdminClient:
    """The client that the options ask for; warns on standard error. Raises Unusable."""
    client = AdminClient(url, _token(token_file))
    if client.exposed:
        sys.stderr.write(f"warning: your token goes to {client.url} in the clear; use https\n")
    return client


def _token(token_file: Path | None) -> str:
    if token_file is None:
        return os.environ.get("EVENHAND_ADMIN_TOKEN", "").strip()
    try:
        return token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise Unusable(f"--token-file {token_file}: {reason.lower()}") from error


def printable(text: str) -> str:
    """Text for a terminal: what a configuration's writer chose must not steer it."""
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def say(text: str) -> None:
    """One piece of output."""
    sys.stdout.write(printable(text).rstrip("\n") + "\n")


def complain(verb: str, error: Exception) -> None:
    """What went wrong, on standard error."""
    sys.stderr.write(f"evenhand {verb}: {printable(str(error))}\n")
