"""Start lines of other protocols that llhttp reads as HTTP."""

import pytest

from tests.balancer.net.fakes import Wire


@pytest.mark.parametrize("step", [1, 7, 999])
@pytest.mark.parametrize(
    "start",
    [
        b"GET / RTSP/1.0", b"GET / RTSP/1.1", b"OPTIONS / RTSP/1.0", b"DESCRIBE /x RTSP/1.0",
        b"GET  http://a/x  RTSP/1.1", b"SOURCE / ICE/1.0", b"SOURCE / ICE/1.1", b"GET / ICE/1.0",
    ],
)  # fmt: skip
async def test_rtsp_and_ice_are_not_http_however_they_are_split(
    wire: Wire, start: bytes, step: int
) -> None:
    """RFC 9112 section 3: the start line ends in HTTP/1.1; what does not is 400."""
    client, to_client = wire.client()
    request = b"\r\n" + start + b"\r\nHost: a\r\n\r\n"

    for at in range(0, len(request), step):
        client.data_received(request[at : at + step])
    await wire.settle()

    assert to_client.take().startswith(b"HTTP/1.1 400 ")
    assert wire.loop.opened == []


async def test_speaking_of_them_is_allowed(wire: Wire) -> None:
    """Fields and bodies may hold what a start line may not."""
    client, to_client = wire.client()

    client.data_received(
        b"POST / HTTP/1.1\r\nHost: a\r\nUser-Agent: VLC RTSP/1.0 ICE/1.0\r\n"
        b"Content-Length: 14\r\n\r\nGET / RTSP/1.0"
    )
    await wire.settle()

    assert to_client.take() == b""
    assert wire.endpoint[1].take().endswith(b"GET / RTSP/1.0")
