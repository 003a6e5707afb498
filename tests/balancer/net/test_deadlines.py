"""Deadlines seen from outside: who is cut, when, and who is not."""

import pytest

from tests.balancer.net.conftest import ONE
from tests.balancer.net.fakes import FakeTransport, Wire

GET = b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nx"


def passes(wire: Wire, seconds: float) -> None:
    """Time goes by, and the deadlines are looked at as often as in life."""
    for _ in range(int(seconds * 4)):
        wire.loop.clock += 0.25
        wire.sweep()


async def test_a_body_that_does_not_come_is_408(wire: Wire) -> None:
    """A slow body: the endpoint's connection goes too, since it has half a request."""
    client, to_client = await wire.asks(POST)

    passes(wire, 59)
    early = to_client.take()
    client.data_received(b"4")
    passes(wire, 2)

    assert early == b""
    assert to_client.take().startswith(b"HTTP/1.1 408 ")
    assert to_client.ended == "half-closed"
    assert wire.endpoint[1].ended == "aborted"
    assert wire.counted == {("client_gone", "408"): 1}
    assert wire.load.in_flight == 0


async def test_a_refused_client_that_does_not_leave_is_cut(wire: Wire) -> None:
    """It gets two seconds to read its answer."""
    client, to_client = wire.client()
    client.data_received(b"GET / HTTP/1.1\r\n\r\n")

    passes(wire, 1)
    early = to_client.ended
    passes(wire, 2)

    assert (early, to_client.ended) == ("half-closed", "aborted")


async def test_an_endpoint_that_falls_silent_is_cut(wire: Wire) -> None:
    """Between octets: thirty seconds, and each octet begins them anew."""
    _, to_client = await wire.asks(GET)
    endpoint, to_endpoint = wire.endpoint
    endpoint.data_received(LONG)

    for _ in range(3):
        passes(wire, 29)
        endpoint.data_received(b"x")
    kept = to_client.ended
    passes(wire, 31)

    assert (kept, to_client.ended, to_endpoint.ended) == ("", "aborted", "aborted")
    assert wire.counted == {("timeout", "200"): 1}


async def test_a_reader_that_takes_nothing_is_cut_and_one_that_takes_octets_is_kept(
    wire: Wire,
) -> None:
    """Slow is not gone: what counts is whether the socket's buffer moves."""
    client, to_client = await wire.asks(GET)
    wire.endpoint[0].data_received(LONG)
    to_client.buffered = 90_000
    client.pause_writing()

    for _ in range(4):
        passes(wire, 29)
        to_client.buffered -= 1
    kept = to_client.ended
    passes(wire, 31)

    assert (kept, to_client.ended) == ("", "aborted")
    assert wire.endpoint[1].ended == "aborted"
    assert wire.counted == {("client_gone", "200"): 1}


async def test_no_exchange_outlives_its_whole_deadline(wire: Wire) -> None:
    """However steadily it drips: ten minutes."""
    _, to_client = await wire.asks(GET)
    endpoint, _ = wire.endpoint
    endpoint.data_received(LONG)

    for _ in range(598):
        passes(wire, 1)
        endpoint.data_received(b"x")
    kept = to_client.ended
    passes(wire, 3)

    assert (kept, to_client.ended) == ("", "aborted")
    assert wire.counted == {("timeout", "200"): 1}


async def test_idle_time_does_not_count_against_the_next_head(wire: Wire) -> None:
    """A connection that was idle for 50 s has its whole ten seconds for a head."""
    client, to_client = await wire.asks(GET)
    wire.endpoint[0].data_received(OK)
    to_client.take()
    passes(wire, 50)

    client.data_received(GET[:9])
    passes(wire, 9)
    early = to_client.take()
    client.data_received(GET[9:12])
    passes(wire, 2)

    assert early == b""
    assert to_client.take().startswith(b"HTTP/1.1 408 ")


async def test_a_pipelined_request_has_its_own_time_from_its_turn(wire: Wire) -> None:
    """It waited 50 s for the one before it; the endpoint still gets 60 s for it."""
    _, to_client = await wire.asks(GET * 2)
    endpoint, _ = wire.endpoint
    passes(wire, 50)
    endpoint.data_received(OK)
    await wire.settle()
    to_client.take()

    passes(wire, 59)
    early = to_client.take()
    passes(wire, 2)

    assert early == b""
    assert to_client.take().startswith(b"HTTP/1.1 504 ")


async def test_a_pipelined_body_has_its_own_time_from_its_turn(wire: Wire) -> None:
    """Nobody read from the client while it waited, so the wait was not its fault."""
    _, to_client = await wire.asks(GET + POST)
    endpoint, _ = wire.endpoint
    passes(wire, 58)
    endpoint.data_received(OK)
    await wire.settle()
    to_client.take()

    passes(wire, 59)

    assert to_client.take() == b""
    assert to_client.ended == ""


@pytest.mark.parametrize("close", [b"", b"Connection: close\r\n"])
async def test_the_end_of_an_answer_that_nobody_takes_is_cut(wire: Wire, close: bytes) -> None:
    """The exchange is over for us, but a close would wait for the reader for ever."""
    _, to_client = await wire.asks(GET[:-2] + close + b"\r\n")
    to_client.buffered = 20_000
    wire.endpoint[0].data_received(OK)

    for _ in range(3):
        passes(wire, 29)
        to_client.buffered -= 1
    kept = to_client.ended
    passes(wire, 31)

    assert kept == ("closed" if close else "")
    assert to_client.cut


async def test_a_slow_head_beside_a_good_client_harms_nobody_else(wire: Wire) -> None:
    """One sweep cuts the one and leaves the other alone."""
    slow, to_slow = wire.client()
    slow.data_received(b"GET / HT")
    good, to_good = wire.client()

    for _ in range(11):
        passes(wire, 1)
        good.data_received(GET)
        await wire.settle()
        wire.endpoint[0].data_received(OK)

    assert to_slow.take().startswith(b"HTTP/1.1 408 ")
    assert to_good.take().count(b"HTTP/1.1 200") == 11
    assert to_good.ended == ""


async def test_each_client_of_a_full_house_is_told_503() -> None:
    """Connections over the limit are answered, not dropped, and counted."""
    wire = Wire(ONE + "limits: {connections: 1}\n")
    wire.client()

    _, to_second = wire.client()

    assert to_second.take().startswith(b"HTTP/1.1 503 ")
    assert to_second.ended == "half-closed"
    assert wire.proxy.refused[503] == 1


def test_the_fake_transport_knows_that_an_abort_ends_a_close() -> None:
    """The tests above rely on it."""
    transport = FakeTransport()

    transport.close()
    transport.abort()

    assert (transport.ended, transport.cut) == ("closed", True)
