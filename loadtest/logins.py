"""One login over HTTP with limited patience, and what became of it."""

import json
import time

import gevent
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError

from loadtest.arrivals import Arrival
from loadtest.connections import STAMP, Sources, Stamp
from loadtest.exchange import (
    BAD_ANSWER,
    CONNECT_FAILED,
    CONNECTION_LOST,
    OK,
    TIMEOUT,
    Exchange,
)

PATH = "/v1/sessions"
HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


class Logins:
    """Sends `POST /v1/sessions` for the users `user0001` onwards, who share one password.

    `patience` is one deadline in seconds for everything after the login has begun: waiting for a
    connection, connecting, sending, the answer and its body. After it the client leaves, and its
    connection is closed.
    """

    def __init__(self, sources: Sources, password: str, patience: float) -> None:
        self._sources = sources
        self._password = password
        self._patience = patience

    def send(self, phase: str, arrival: Arrival, due: float) -> Exchange:
        """Log in once, in the current greenlet, and say what happened. Never raises for HTTP."""
        stamp = Stamp()
        STAMP.set(stamp)
        outcome, status, served_by = self._ask(arrival, stamp)
        source = self._sources.name(arrival.source)
        done = time.monotonic()
        return Exchange(phase, arrival.n, due, stamp.sent, done, outcome, status, served_by, source)

    def _ask(self, arrival: Arrival, stamp: Stamp) -> tuple[str, int, str]:
        """Outcome, status (0 without an answer) and the instance that answered ("" unknown)."""
        client = self._sources.client(arrival.source)
        login = {"login": f"user{arrival.user + 1:04d}", "password": self._password}
        try:
            with gevent.Timeout(self._patience):
                answer = client.request("POST", PATH, json.dumps(login).encode(), HEADERS)
                answer.read()
        except gevent.Timeout:
            return TIMEOUT, 0, ""
        except HTTPParseError:
            return BAD_ANSWER, 0, ""
        except (HTTPConnectionClosed, OSError):
            return (CONNECT_FAILED if stamp.sent is None else CONNECTION_LOST), 0, ""
        status = int(answer.status_code)
        outcome = OK if 200 <= status < 300 else f"http_{status}"
        return outcome, status, str(answer.get("X-Served-By", ""))
