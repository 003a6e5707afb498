"""The limit of attempts in flight, and the queue of exchanges that wait for room."""

import pytest

from tests.balancer.net.fakes import FakeTransport, Wire

LIMITED = """\
listen: 127.0.0.1:8080
routes: [{pool: auth}]
pools:
  - name: auth
    endpoints:
      - {name: auth-1, address: "127.0.0.1:9001"}
    limit: {in_flight: 1, queue: 2, wait: 1s}
"""
POST = b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@pytest.fixture
async def limited() -> Wire:
    """A proxy before one endpoint that takes one attempt at a time; two may wait."""
    return Wire(LIMITED)


async def asking(wire: Wire, clients: int) -> list[FakeTransport]:
    """So many clients have asked, one after the other."""
    transports = []
    for number in range(clients):
        _, transport = await wire.asks(POST % number)
        transports.append(transport)
    return transports


async def test_who_waits_is_served_in_turn_when_there_is_room(limited: Wire) -> None:
    """First come, first served; each on the connection that has become free."""
    first, second, third = await asking(limited, 3)
    endpoint, to_endpoint = limited.endpoint
    seen = [to_endpoint.take().split(b" ")[1]]

    for _ in range(2):
        endpoint.data_received(OK)
        await limited.settle()
        seen.append(to_endpoint.take().split(b" ")[1])
    endpoint.data_received(OK)

    assert seen == [b"/0", b"/1", b"/2"]
    assert all(one.take().endswith(b"hi") for one in (first, second, third))
    assert len(limited.loop.opened) == 1
    assert limited.load.in_flight == 0


async def test_one_more_than_the_queue_takes_is_503_at_once(limited: Wire) -> None:
    """With a time to come back: an answer now is worth more than one too late."""
    *_, fourth = await asking(limited, 4)

    answer = fourth.take()

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 1\r\n" in answer
    assert limited.proxy.table.pools["auth"].unpicked["shed", "503"] == 1


async def test_who_waits_too_long_is_503(limited: Wire) -> None:
    """After `limit.wait`; the one that is being served is not touched."""
    first, second = await asking(limited, 2)

    limited.loop.clock += 1.01
    limited.sweep()

    assert second.take().startswith(b"HTTP/1.1 503 ")
    assert first.take() == b""
    waiting = limited.proxy.table.pools["auth"].waiting
    assert waiting is not None
    assert waiting.live == 0


async def test_a_client_that_leaves_the_queue_is_never_sent(limited: Wire) -> None:
    """Its place is free, its turn passes on."""
    await limited.asks(POST % 0)
    leaving, _ = limited.client()
    leaving.data_received(POST % 1)
    staying, to_staying = limited.client()
    staying.data_received(POST % 2)
    endpoint, to_endpoint = limited.endpoint
    to_endpoint.take()

    leaving.connection_lost(None)
    endpoint.data_received(OK)
    await limited.settle()
    served = to_endpoint.take()
    endpoint.data_received(OK)

    assert served.startswith(b"POST /2 ")
    assert to_staying.take().endswith(b"hi")


async def test_nobody_overtakes_who_waits(limited: Wire) -> None:
    """A request that comes between an answer and the next turn goes to the end of the line."""
    await asking(limited, 2)
    endpoint, to_endpoint = limited.endpoint
    to_endpoint.take()

    endpoint.data_received(OK)  # the turn is passed on soon, not now
    await limited.asks(POST % 9)

    assert to_endpoint.take().startswith(b"POST /1 ")


async def test_a_reload_that_lifts_the_limit_lets_everybody_in(limited: Wire) -> None:
    """Who waits is not forgotten with the table in which it began to wait."""
    await asking(limited, 3)
    more = LIMITED.replace("limit: {in_flight: 1, queue: 2, wait: 1s}", "limit: {in_flight: 9}")

    limited.reload(more)
    limited.sweep()
    await limited.settle()

    assert limited.load.in_flight == 3
    assert len(limited.loop.opened) == 3
