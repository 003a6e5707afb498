"""Every way in which an exchange can end that is not an answer: one outcome, nothing left held."""

import asyncio

import pytest

from tests.balancer.net.fakes import Wire

GET = b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\n\r\n"
POST = b"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\nContent-Length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
OURS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-Id: r1\r\n\r\nhi"


async def test_the_client_goes_and_its_attempt_is_cancelled(wire: Wire) -> None:
    """The connection to the endpoint is closed, the lease returned, the outcome `client_gone`."""
    client, _ = await wire.asks(POST)

    client.connection_lost(None)

    assert wire.endpoint[1].ended == "aborted"
    assert wire.counted == {("client_gone", ""): 1}
    assert wire.load.in_flight == 0


async def test_the_client_goes_while_the_endpoint_is_being_connected(wire: Wire) -> None:
    """The connect is cancelled, and nothing is sent to anybody."""
    wire.loop.connects_hang = True
    client, _ = await wire.asks(POST)

    client.connection_lost(None)
    await wire.settle()

    assert wire.counted == {("client_gone", ""): 1}
    assert wire.load.attempts == 0
    assert len(asyncio.all_tasks()) == 1


async def test_a_refused_connection_is_502(wire: Wire) -> None:
    """The client is told, its connection stays, and no attempt is counted."""
    wire.loop.connect_error = ConnectionRefusedError()
    client, to_client = wire.client()

    client.data_received(POST)
    await wire.settle()

    assert to_client.take().startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert to_client.ended == ""
    assert wire.counted == {("connect_failed", "502"): 1}
    assert wire.load.attempts == 0


async def test_no_endpoint_is_503_with_a_time_to_come_back(wire: Wire) -> None:
    """With the only endpoint down there is nothing to try."""
    pool = wire.proxy.table.pools["auth"]
    pool.endpoints[0].health.up = False
    pool.refresh()
    client, to_client = wire.client()

    client.data_received(GET)

    answer = to_client.take()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 1\r\n" in answer
    assert pool.unpicked["no_endpoint", "503"] == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
    ],
)
async def test_a_malformed_answer_is_502_and_its_connection_is_not_reused(
    wire: Wire, answer: bytes
) -> None:
    """What two readers could frame differently is not passed on."""
    _, to_client = await wire.asks(GET)
    endpoint, to_endpoint = wire.endpoint

    endpoint.data_received(answer)

    assert to_client.take().startswith(b"HTTP/1.1 502 ")
    assert to_endpoint.ended == "aborted"
    assert wire.counted == {("bad_response", "502"): 1}


async def test_a_second_answer_reaches_nobody(wire: Wire) -> None:
    """Bytes behind the answer that was asked for must not become the next client's answer."""
    client, to_client = await wire.asks(GET)
    endpoint, to_endpoint = wire.endpoint

    endpoint.data_received(OK + OK.replace(b"hi", b"XX"))
    client.data_received(GET)
    await wire.settle()

    assert to_endpoint.ended == "aborted"
    assert to_client.take() == OURS
    assert len(wire.loop.opened) == 2


async def test_an_answer_broken_off_does_not_look_whole(wire: Wire) -> None:
    """Half of an announced body, then silence: the client's connection is cut, not closed."""
    _, to_client = await wire.asks(GET)
    endpoint, _ = wire.endpoint

    endpoint.data_received(OK[:-1])
    endpoint.connection_lost(None)

    assert to_client.ended == "aborted"
    assert wire.counted == {("bad_response", "200"): 1}


async def test_an_endpoint_that_closes_without_a_word_is_502(wire: Wire) -> None:
    """It may have done the work, so nothing is retried; the client is told."""
    _, to_client = await wire.asks(POST)

    wire.endpoint[0].connection_lost(None)

    assert to_client.take().startswith(b"HTTP/1.1 502 ")
    assert wire.counted == {("bad_response", "502"): 1}


async def test_an_endpoint_that_never_answers_is_504_at_the_deadline(wire: Wire) -> None:
    """The sweep ends the attempt once its time is over, not before."""
    _, to_client = await wire.asks(GET)

    wire.loop.clock += 59
    wire.sweep()
    early = to_client.take()
    wire.loop.clock += 2
    wire.sweep()

    assert early == b""
    assert to_client.take().startswith(b"HTTP/1.1 504 ")
    assert wire.endpoint[1].ended == "aborted"
    assert wire.counted == {("timeout", "504"): 1}
