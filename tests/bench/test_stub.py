"""The endpoints of the benchmarks."""

import asyncio
import json
from typing import Any

from bench.stub import ANSWER, BODY, PIECE, Stub

LOGIN = b"POST /v1/sessions HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\nhello"


class Client(asyncio.Transport):
    """Keeps what the stub writes."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.ended = False

    def write(self, data: Any) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.ended

    def close(self) -> None:
        self.ended = True


def connect() -> tuple[Stub, Client]:
    """A stub with a client."""
    stub, client = Stub(), Client()
    stub.connection_made(client)
    return stub, client


def test_the_answer_is_a_login() -> None:
    """So that its size is a login's, and a client that parses it is content."""
    assert set(json.loads(BODY)) == {"access_token", "session_id", "expires_at"}


def test_a_request_in_pieces_is_answered_once_it_is_whole() -> None:
    """Proxies send head and body as they please."""
    stub, client = connect()

    stub.data_received(LOGIN[:20])
    stub.data_received(LOGIN[20:-1])
    assert client.written == []
    stub.data_received(LOGIN[-1:])

    assert client.written == [ANSWER]


def test_two_requests_in_one_piece_are_two_answers() -> None:
    """Nothing is lost at the seam."""
    stub, client = connect()

    stub.data_received(LOGIN + LOGIN[:30])
    stub.data_received(LOGIN[30:])

    assert client.written == [ANSWER, ANSWER]


def test_a_stream_waits_for_its_reader() -> None:
    """It stops when the transport is full, and ends at the octet that was asked for."""
    stub, client = connect()
    stub.pause_writing()

    stub.data_received(b"GET /stream?%d HTTP/1.1\r\nHost: a\r\n\r\n" % (len(PIECE) + 5))
    assert len(client.written) == 1
    stub.resume_writing()

    assert sum(len(one) for one in client.written[1:]) == len(PIECE) + 5


def test_a_chunked_request_is_refused() -> None:
    """It would be taken for one without a body, and a benchmark would measure nonsense."""
    stub, client = connect()

    stub.data_received(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")

    assert client.written[0].startswith(b"HTTP/1.1 411")
    assert client.ended
