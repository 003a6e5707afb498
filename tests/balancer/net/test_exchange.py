"""Exchanges as dialogues: the client sends, the endpoint gets; the endpoint answers, the client."""

import asyncio
import re

import pytest

from tests.balancer.net.fakes import FakeTransport, Wire

TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
POST = (
    b"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\ntraceparent: "
    + TRACE
    + b"\r\nContent-Length: 2\r\n\r\n{}"
)
GET = b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
OURS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-Id: r1\r\n\r\nhi"


async def test_a_request_goes_there_and_its_answer_comes_back(wire: Wire) -> None:
    """The head is serialised anew with the forwarded fields; the body and the answer follow."""
    client, to_client = wire.client()

    client.data_received(POST)
    await wire.settle()
    endpoint, to_endpoint = wire.endpoint
    sent = to_endpoint.take()
    endpoint.data_received(OK)

    assert sent == (
        b"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\n"
        b"X-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n"
        b'Forwarded: for=192.0.2.7;host="a";proto=http\r\n'
        b"X-Request-Id: r1\r\ntraceparent: " + TRACE + b"\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert to_client.take() == OURS
    assert wire.counted == {("ok", "200"): 1}
    assert wire.load.in_flight == 0


async def test_the_next_request_takes_the_warm_connection_at_once(wire: Wire) -> None:
    """No connect, no task: the bytes are on the warm connection when `data_received` returns."""
    client, _ = await wire.asks(GET)
    endpoint, to_endpoint = wire.endpoint
    endpoint.data_received(OK)
    to_endpoint.take()

    client.data_received(GET)

    assert to_endpoint.take().startswith(b"GET / HTTP/1.1\r\n")
    assert len(wire.loop.opened) == 1


async def test_the_body_that_comes_before_the_connection_waits_for_it(wire: Wire) -> None:
    """Nothing is lost while the endpoint is being connected, and reading stops meanwhile."""
    client, to_client = wire.client()

    client.data_received(POST[:-1])
    reading_while_connecting = to_client.reading
    await wire.settle()
    client.data_received(POST[-1:])

    assert not reading_while_connecting
    assert to_client.reading
    assert wire.endpoint[1].take().endswith(b"\r\n\r\n{}")


async def test_chunks_are_framed_anew_both_ways_and_trailers_dropped(wire: Wire) -> None:
    """A chunked request and a chunked answer keep their bytes, not their chunks' extensions."""
    client, to_client = wire.client()

    client.data_received(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;x=y\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n"
    )
    await wire.settle()
    endpoint, to_endpoint = wire.endpoint
    endpoint.data_received(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nT: 1\r\n\r\n"
    )

    assert to_endpoint.take().endswith(b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert to_client.take().endswith(b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")


async def test_hop_by_hop_fields_end_here(wire: Wire) -> None:
    """What Connection names, and the fields of one hop, go no further in either direction."""
    client, to_client = wire.client()

    client.data_received(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Private, keep-alive\r\nX-Private: 1\r\n"
        b"Keep-Alive: 5\r\nTE: trailers\r\nX-Kept: 2\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"
    )
    await wire.settle()
    endpoint, to_endpoint = wire.endpoint
    endpoint.data_received(
        b"HTTP/1.1 200 OK\r\nConnection: X-Inner\r\nX-Inner: 1\r\nKeep-Alive: 5\r\n"
        b"Content-Length: 0\r\n\r\n"
    )

    sent, answered = to_endpoint.take(), to_client.take()
    assert b"X-Kept: 2" in sent
    assert re.findall(rb"X-Private|Keep-Alive|TE:|6\.6\.6\.6", sent) == []
    assert re.findall(rb"X-Inner|Keep-Alive|Connection", answered) == []


@pytest.mark.parametrize("request_id", [b"", b"X-Request-Id: a b\r\n", b"X-Request-Id: \xe9\r\n"])
async def test_a_missing_or_unsafe_request_id_is_replaced(wire: Wire, request_id: bytes) -> None:
    """A fresh one is made, and both sides get the same."""
    client, to_client = wire.client()

    client.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n" + request_id + b"\r\n")
    await wire.settle()
    endpoint, to_endpoint = wire.endpoint
    endpoint.data_received(OK)

    (there,) = re.findall(rb"X-Request-Id: (\w+)", to_endpoint.take())
    (back,) = re.findall(rb"X-Request-Id: (\w+)", to_client.take())
    assert there == back
    assert len(there) == 32


async def test_an_answer_to_head_has_no_body(wire: Wire) -> None:
    """Content-Length is passed on, no body is waited for, and the connection serves the next."""
    client, to_client = await wire.asks(b"HEAD / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\n\r\n")
    endpoint, _ = wire.endpoint

    endpoint.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
    first = to_client.take()
    client.data_received(GET)
    endpoint.data_received(OK)

    assert first == OURS[:-2]
    assert to_client.take() == OURS


async def test_a_body_that_ends_with_its_connection_is_chunked_for_the_client(wire: Wire) -> None:
    """An endpoint of the old kind: no length, no chunks, then it closes."""
    _, to_client = await wire.asks(GET)
    endpoint, _ = wire.endpoint

    endpoint.data_received(b"HTTP/1.1 200 OK\r\n\r\nhi")
    endpoint.connection_lost(None)

    assert to_client.take().endswith(b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
    assert wire.counted == {("ok", "200"): 1}
    assert to_client.ended == ""


async def test_interim_answers_are_passed_on(wire: Wire) -> None:
    """100 Continue reaches the client who waits for it before sending the body."""
    client, to_client = wire.client()
    client.data_received(
        b"POST / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\nExpect: 100-continue\r\n"
        b"Content-Length: 2\r\n\r\n"
    )
    await wire.settle()
    endpoint, to_endpoint = wire.endpoint

    endpoint.data_received(b"HTTP/1.1 100 Continue\r\n\r\n")
    interim = to_client.take()
    client.data_received(b"{}")
    endpoint.data_received(OK)

    assert b"Expect: 100-continue" in to_endpoint.take()
    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert to_client.take() == OURS


async def test_an_answer_before_the_request_ended_closes_both_sides(wire: Wire) -> None:
    """Nobody can tell where the rest of that request would end, so nothing is reused."""
    _, to_client = await wire.asks(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    endpoint, to_endpoint = wire.endpoint

    endpoint.data_received(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")

    assert b"Connection: close" in to_client.take()
    assert (to_client.ended, to_endpoint.ended) == ("half-closed", "aborted")
    assert wire.counted == {("ok", "413"): 1}


async def test_pipelined_requests_are_answered_in_order(wire: Wire) -> None:
    """The second waits for the first, nothing more is read meanwhile, then it has its turn."""
    _, to_client = await wire.asks(GET + GET.replace(b"GET / ", b"GET /2 "))
    endpoint, to_endpoint = wire.endpoint
    first, reading = to_endpoint.take(), to_client.reading

    endpoint.data_received(OK)
    await wire.settle()
    second = to_endpoint.take()
    endpoint.data_received(OK)

    assert first.startswith(b"GET / ")
    assert not reading
    assert second.startswith(b"GET /2 ")
    assert to_client.take() == OURS * 2
    assert to_client.reading


async def test_a_slow_client_stops_the_endpoint_and_the_other_way_round(wire: Wire) -> None:
    """Back-pressure: memory does not grow with what the slower side has not taken."""
    client, to_client = await wire.asks(POST[:-1])
    endpoint, to_endpoint = wire.endpoint

    client.pause_writing()
    endpoint.pause_writing()
    paused = (to_endpoint.reading, to_client.reading)
    client.resume_writing()
    endpoint.resume_writing()

    assert paused == (False, False)
    assert (to_endpoint.reading, to_client.reading) == (True, True)


async def test_an_answer_to_a_client_that_is_behind_is_not_read_ahead(wire: Wire) -> None:
    """A client that still has the last answer to take pauses the next one at its head."""
    client, _ = wire.client()
    client.pause_writing()
    client.data_received(GET)
    await wire.settle()
    endpoint, to_endpoint = wire.endpoint

    endpoint.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nx")

    assert not to_endpoint.reading


async def test_a_reload_lets_an_exchange_end_where_it_began(wire: Wire) -> None:
    """The new table has no such endpoint; the answer still arrives, and nothing stays warm."""
    client, to_client = await wire.asks(GET)
    endpoint, to_endpoint = wire.endpoint

    wire.proxy.apply(Wire(MOVED).proxy.table)
    endpoint.data_received(OK)
    client.data_received(GET)
    await wire.settle()

    assert to_client.take() == OURS
    assert to_endpoint.ended == "closed"
    assert wire.loop.opened[-1][2] == "127.0.0.1:9002"


async def test_drain_finishes_what_was_begun(wire: Wire) -> None:
    """Idle connections close at once; the busy one gets its answer, with Connection: close."""
    _, to_idle = wire.client()
    _, to_client = await wire.asks(GET)

    draining = asyncio.ensure_future(wire.proxy.drain(grace=30))
    await wire.settle()
    wire.endpoint[0].data_received(OK)
    left = await draining

    assert left == 0
    assert to_idle.ended == "closed"
    assert b"Connection: close" in to_client.take()
    assert to_client.ended == "closed"


MOVED = """\
listen: 127.0.0.1:8080
routes:
  - {prefix: /, pool: auth}
pools:
  - name: auth
    endpoints:
      - {name: auth-2, address: "127.0.0.1:9002"}
"""


def test_the_fake_transport_keeps_its_first_end() -> None:
    """The tests above rely on it: closing after an abort does not hide the abort."""
    transport = FakeTransport()

    transport.abort()
    transport.close()

    assert transport.ended == "aborted"
