"""What the connections share."""

import asyncio

from tests.balancer.configs import GOOD
from tests.balancer.net.fakes import Wire


async def test_wants_only_what_takes_traffic() -> None:
    """Drained endpoints and unknown addresses are worth no warm connection."""
    proxy = Wire(GOOD).proxy

    assert [f"127.0.0.1:{port}" in proxy.wanted for port in (9001, 9002, 9003, 9004)] == [
        True, True, False, False,
    ]  # fmt: skip


async def test_draining_gives_up_after_its_grace(wire: Wire) -> None:
    """An exchange that never ends does not keep the process alive; it is counted."""
    client, to_client = wire.client()
    client.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await wire.settle()

    left = await wire.proxy.drain(grace=0.01)

    assert left == 1
    assert to_client.ended == "aborted"


async def test_a_connect_that_takes_too_long_is_given_up(wire: Wire) -> None:
    """After `timeouts.connect` the client gets its 502."""
    wire.loop.connects_hang = True
    wire.proxy.apply(Wire(HASTY).proxy.table)
    client, to_client = wire.client()

    client.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    (connecting,) = (exchange.connecting for exchange in wire.proxy.exchanges)
    assert connecting is not None
    await asyncio.wait({connecting}, timeout=5)

    assert b"did not accept the connection in time" in to_client.take()


HASTY = """\
listen: 127.0.0.1:8080
routes: [{pool: p}]
pools: [{name: p, endpoints: [{address: "127.0.0.1:9001"}]}]
timeouts: {connect: 10ms}
"""
