"""WebSockets: the switch, what comes before it is decided, and the tunnel's end."""

import pytest

from tests.balancer.net.fakes import FakeTransport, Wire

UPGRADE = (
    b"GET /chat HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\nConnection: Upgrade\r\n"
    b"Upgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n\r\n"
)
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: v\r\n\r\n"
)
GET = b"GET /after HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


async def test_octets_pass_both_ways_after_the_switch(wire: Wire) -> None:
    """Those that came before the 101 go first; what looks like HTTP is passed as it is."""
    client, to_client = await wire.asks(UPGRADE + b"\x81\x01")
    endpoint, to_endpoint = wire.endpoint
    asked = to_endpoint.take()

    endpoint.data_received(SWITCH + b"\x81\x02")
    client.data_received(GET)
    endpoint.data_received(OK)

    assert b"Connection: upgrade\r\nUpgrade: websocket\r\n" in asked
    assert b"Sec-WebSocket-Key: k\r\n" in asked
    assert b"\x81" not in asked
    assert to_endpoint.take() == b"\x81\x01" + GET
    switch, _, rest = to_client.take().partition(b"\r\n\r\n")
    assert switch.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert b"Sec-WebSocket-Accept: v" in switch
    assert b"Upgrade: websocket" in switch
    assert rest == b"\x81\x02" + OK
    assert to_client.reading


@pytest.mark.parametrize("cut", [0, 1, len(GET) - 1, len(GET)])
async def test_a_refused_upgrade_goes_on_as_http(wire: Wire, cut: int) -> None:
    """What was held back is the next request, wherever it was split."""
    client, to_client = await wire.asks(UPGRADE + GET[:cut])
    endpoint, to_endpoint = wire.endpoint
    to_endpoint.take()
    reading_while_undecided = to_client.reading

    endpoint.data_received(OK)
    await wire.settle()
    client.data_received(GET[cut:])
    await wire.settle()

    assert not reading_while_undecided
    assert to_client.reading
    assert to_client.take().endswith(b"hi")
    assert to_endpoint.take().startswith(b"GET /after HTTP/1.1\r\n")
    assert len(wire.loop.opened) == 1


async def test_what_is_held_back_waits_for_the_answer_to_its_upgrade(wire: Wire) -> None:
    """Not for the answer to a request before it: until the 101 they may be frames, not HTTP."""
    _, to_client = await wire.asks(GET + UPGRADE + b"\x81\x01")
    endpoint, to_endpoint = wire.endpoint

    endpoint.data_received(OK)
    await wire.settle()
    reading_while_undecided = to_client.reading
    endpoint.data_received(SWITCH)

    assert not reading_while_undecided
    assert to_endpoint.take().endswith(b"\r\n\r\n\x81\x01")
    assert b"HTTP/1.1 400" not in to_client.take()
    assert to_client.ended == ""


async def test_frames_that_arrive_although_reading_is_paused_are_held_too(wire: Wire) -> None:
    """A transport may deliver what it had read before it was paused."""
    client, _ = wire.client()
    client.data_received(UPGRADE + b"\x81")
    client.data_received(b"\x01")
    await wire.settle()
    endpoint, to_endpoint = wire.endpoint

    endpoint.data_received(SWITCH)

    assert to_endpoint.take().endswith(b"\r\n\r\n\x81\x01")


@pytest.mark.parametrize("protocol", [b"h2c", b"TLS/1.0", b"websocket, h2c"])
async def test_other_protocols_are_not_offered_to_endpoints(wire: Wire, protocol: bytes) -> None:
    """RFC 9110 section 7.8 lets us ignore it; h2c through a proxy is a way past it."""
    client, _ = wire.client()

    client.data_received(UPGRADE.replace(b"WebSocket\r", protocol + b"\r"))
    await wire.settle()

    assert b"pgrade" not in wire.endpoint[1].take()


@pytest.mark.parametrize(
    "request_",
    [
        UPGRADE.replace(b"GET", b"POST"),
        UPGRADE.replace(b"HTTP/1.1", b"HTTP/1.0"),
        UPGRADE.replace(b"Connection: Upgrade", b"Connection: keep-alive"),
    ],
)
async def test_only_a_get_of_http_1_1_that_names_it_upgrades(wire: Wire, request_: bytes) -> None:
    """RFC 6455 section 4.1, RFC 9110 section 7.8."""
    client, _ = wire.client()

    client.data_received(request_)
    await wire.settle()

    assert b"pgrade" not in wire.endpoint[1].take()


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (GET, SWITCH),
        (UPGRADE, SWITCH.replace(b"websocket", b"h2c")),
        (UPGRADE, b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
        (UPGRADE, SWITCH.replace(b"Connection: upgrade\r\n", b"")),
    ],
)
async def test_a_switch_that_was_not_asked_for_is_502(
    wire: Wire, request_: bytes, answer: bytes
) -> None:
    """By a plain request, or to a protocol that the client did not name."""
    _, to_client = await wire.asks(request_)
    endpoint, to_endpoint = wire.endpoint

    endpoint.data_received(answer + b"\x81\x02")

    assert to_client.take().startswith(b"HTTP/1.1 502 ")
    assert to_endpoint.ended == "aborted"
    assert wire.counted == {("bad_response", "502"): 1}


async def tunnel(wire: Wire) -> tuple[FakeTransport, FakeTransport]:
    """An open WebSocket: the client's transport and the endpoint's."""
    _, to_client = await wire.asks(UPGRADE)
    endpoint, to_endpoint = wire.endpoint
    endpoint.data_received(SWITCH)
    to_client.take()
    to_endpoint.take()
    return to_client, to_endpoint


async def test_the_endpoint_ends_the_tunnel(wire: Wire) -> None:
    """The client's side is closed after its last octets; the exchange is one that went well."""
    to_client, _ = await tunnel(wire)
    endpoint, _ = wire.endpoint

    endpoint.data_received(b"\x88\x00")
    endpoint.connection_lost(None)

    assert to_client.take() == b"\x88\x00"
    assert to_client.ended == "closed"
    assert wire.counted == {("ok", "101"): 1}
    assert wire.load.in_flight == 0


async def test_the_client_ends_the_tunnel(wire: Wire) -> None:
    """Its last octets, the closing frame, still reach the endpoint: closed, not aborted."""
    _, to_endpoint = await tunnel(wire)
    (client,) = wire.proxy.clients

    client.data_received(b"\x88\x00")
    client.connection_lost(None)

    assert to_endpoint.take() == b"\x88\x00"
    assert to_endpoint.ended == "closed"
    assert wire.counted == {("ok", "101"): 1}
    assert wire.load.in_flight == 0


async def test_a_silent_tunnel_ends_at_its_own_deadline(wire: Wire) -> None:
    """An hour without an octet, however old it is; a frame either way counts."""
    to_client, to_endpoint = await tunnel(wire)
    (client,) = wire.proxy.clients
    endpoint, _ = wire.endpoint

    for speak in (client.data_received, endpoint.data_received):
        wire.loop.clock += 3599
        wire.sweep()
        speak(b"\x89\x00")
    alive = to_client.ended == to_endpoint.ended == ""
    wire.loop.clock += 3601
    wire.sweep()

    assert alive
    assert to_client.ended == "closed"
    assert wire.counted == {("ok", "101"): 1}


async def test_a_slow_side_of_a_tunnel_stops_the_other(wire: Wire) -> None:
    """Back-pressure holds in tunnels too."""
    to_client, to_endpoint = await tunnel(wire)
    (client,) = wire.proxy.clients
    endpoint, _ = wire.endpoint

    client.pause_writing()
    endpoint.pause_writing()
    paused = (to_endpoint.reading, to_client.reading)
    client.resume_writing()
    endpoint.resume_writing()

    assert paused == (False, False)
    assert (to_endpoint.reading, to_client.reading) == (True, True)


async def test_a_thousand_upgrades_that_are_ignored_do_not_nest(wire: Wire) -> None:
    """llhttp stops behind each; going on must not call ourselves once more for each of them."""
    client, to_client = wire.client()
    ignored = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"

    client.data_received(ignored * 1000)
    await wire.settle()

    assert len(client._exchanges) == 1000
    assert not to_client.ended
