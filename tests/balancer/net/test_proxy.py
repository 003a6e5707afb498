"""What the connections share."""

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
    _, to_client = await wire.asks(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

    left = await wire.proxy.drain(grace=0.01)

    assert left == 1
    assert to_client.ended == "aborted"


async def test_a_connect_that_takes_too_long_is_given_up(wire: Wire) -> None:
    """After `timeouts.connect` the client gets its 502, and the connect is cancelled."""
    wire.loop.connects_hang = True
    client, to_client = wire.client()
    client.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    (connecting,) = (exchange.connecting for exchange in wire.proxy.exchanges)
    assert connecting is not None

    wire.loop.clock += 0.99
    wire.sweep()
    early = to_client.take()
    wire.loop.clock += 0.02
    wire.sweep()
    await wire.settle()

    assert early == b""
    assert b"did not accept the connection in time" in to_client.take()
    assert connecting.cancelled()


async def test_a_host_that_cannot_be_a_name_is_502(wire: Wire) -> None:
    """IDNA refuses it with a UnicodeError, which is no OSError."""
    wire.loop.connect_error = UnicodeError("label too long")
    client, to_client = wire.client()

    client.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await wire.settle()

    assert to_client.take().startswith(b"HTTP/1.1 502 ")
    assert not wire.proxy.exchanges
