"""Several requests on one connection: whose turn it is, and what follows the last one."""

from tests.balancer.net.fakes import Wire

GET = b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
SECOND = GET.replace(b"GET / ", b"GET /2 ")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def all_down(wire: Wire) -> None:
    """Leave the pool without a ready endpoint."""
    pool = wire.proxy.table.pools["auth"]
    pool.endpoints[0].health.up = False
    pool.refresh()


async def test_nothing_is_begun_behind_an_answer_that_says_close(wire: Wire) -> None:
    """RFC 9112 section 9.6: no request after that is processed; one answer, one unpicked."""
    all_down(wire)
    client, to_client = wire.client()

    client.data_received(LAST + SECOND)
    await wire.settle()

    assert to_client.take().count(b"HTTP/1.1 503") == 1
    assert sum(wire.proxy.table.pools["auth"].unpicked.values()) == 1
    assert to_client.ended == "closed"
    assert not client._exchanges


async def test_a_request_without_a_body_keeps_its_connection_through_a_503(wire: Wire) -> None:
    """Or every client of a pool that is down would come back with a handshake each time."""
    all_down(wire)
    client, to_client = wire.client()

    client.data_received(GET + SECOND)
    await wire.settle()

    answer = to_client.take()
    assert answer.count(b"HTTP/1.1 503") == 2
    assert b"Connection: close" not in answer
    assert not to_client.ended


async def test_a_body_that_waited_for_its_connection_does_not_outrun_the_endpoint(
    wire: Wire,
) -> None:
    """The endpoint's buffer is full at once, so the client is not read until it has emptied."""
    client, to_client = await wire.asks(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nabc"
    )
    endpoint, _ = wire.endpoint

    client.pause_reading()
    endpoint.pause_writing()
    client.resume_reading()
    while_congested = to_client.reading
    endpoint.resume_writing()

    assert (while_congested, to_client.reading) == (False, True)


async def test_a_whole_request_goes_out_although_the_next_octet_is_wrong(wire: Wire) -> None:
    """Both came in one read: the error must not keep back what was ready to be written."""
    client, _ = await wire.asks(GET)
    wire.endpoint[0].data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    wire.endpoint[1].take()

    client.data_received(GET + b"\0")

    assert wire.endpoint[1].take().startswith(b"GET / HTTP/1.1\r\n")
