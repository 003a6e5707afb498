"""Warm connections: who is kept, who is closed."""

from balancer.net.endpoint import EndpointConnection
from tests.balancer.net.fakes import FakeTransport, Wire

ADDRESS = "127.0.0.1:9001"


def opened(wire: Wire, address: str = ADDRESS) -> tuple[EndpointConnection, FakeTransport]:
    """A connection to an endpoint, not in use."""
    connection, transport = EndpointConnection(wire.proxy, address), FakeTransport()
    connection.connection_made(transport)
    return connection, transport


async def test_the_last_one_used_is_the_first_taken(wire: Wire) -> None:
    """So the others grow old together and can be closed."""
    (first, _), (second, _) = opened(wire), opened(wire)
    wire.proxy.warm.put(first, wire.proxy.now())
    wire.proxy.warm.put(second, wire.proxy.now())

    taken = [wire.proxy.warm.take(ADDRESS) for _ in range(3)]

    assert taken == [second, first, None]


async def test_one_that_the_endpoint_closed_is_not_given_out(wire: Wire) -> None:
    """Neither when it is known to be lost nor when it is only closing."""
    (lost, _), (closing, transport) = opened(wire), opened(wire)
    wire.proxy.warm.put(lost, wire.proxy.now())
    wire.proxy.warm.put(closing, wire.proxy.now())

    lost.connection_lost(None)
    transport.close()

    assert wire.proxy.warm.take(ADDRESS) is None


async def test_what_was_idle_too_long_is_closed(wire: Wire) -> None:
    """Before the endpoint does it while a request is on the way."""
    old, transport = opened(wire)
    wire.proxy.warm.put(old, wire.proxy.now())

    wire.loop.clock += 31
    wire.sweep()

    assert transport.ended == "closed"


async def test_an_address_that_nobody_wants_is_not_kept(wire: Wire) -> None:
    """A removed or drained endpoint's connections are closed instead of put back."""
    gone, transport = opened(wire, "127.0.0.1:9999")

    wire.proxy.warm.put(gone, wire.proxy.now())

    assert transport.ended == "closed"


async def test_an_answer_that_nobody_asked_for_closes_it(wire: Wire) -> None:
    """Bytes on an idle connection cannot belong to anybody."""
    idle, transport = opened(wire)
    wire.proxy.warm.put(idle, wire.proxy.now())

    idle.data_received(b"HTTP/1.1 200 OK\r\n\r\n")

    assert transport.ended == "aborted"
