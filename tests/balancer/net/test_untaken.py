"""An answer that TLS has encrypted and the kernel still holds is not yet taken."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from balancer.net.stream import in_kernel
from tests.balancer.net.fakes import FakeTransport, Wire

LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Holding(FakeTransport):
    """A transport that knows its socket."""

    def __init__(self, own: socket.socket) -> None:
        super().__init__()
        self._own = own

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._own if name == "socket" else super().get_extra_info(name, default)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a TCP connection; the second reads nothing by itself."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as far,
        listening.accept()[0] as near,
    ):
        near.setblocking(False)
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200_000)
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        far.settimeout(5)
        yield near, far


def fill(near: socket.socket) -> None:
    """Write until the kernel takes no more."""
    with contextlib.suppress(BlockingIOError):
        while True:
            near.send(b"x" * 65536)


def take_some(near: socket.socket, far: socket.socket) -> None:
    """Read at the far end until the kernel at the near end holds less."""
    before = in_kernel(Holding(near))
    while in_kernel(Holding(near)) >= before:
        far.recv(4096)


@pytest.mark.live
async def test_a_closing_client_that_still_reads_is_not_cut(
    wire: Wire, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Five times the two seconds that a refused client gets, for as long as octets leave."""
    near, far = pair
    client, _ = wire.client()
    transport = client.transport = Holding(near)
    client.data_received(LAST)
    await wire.settle()
    wire.endpoint[0].data_received(OK)
    fill(near)

    for _ in range(4):
        take_some(near, far)
        wire.loop.clock += 2.5
        wire.sweep()
    kept, left = transport.cut, in_kernel(transport)
    wire.loop.clock += 31
    wire.sweep()

    assert transport.ended == "closed"
    assert left > 0
    assert (kept, transport.cut) == (False, True)


@pytest.mark.live
def test_what_the_kernel_holds_is_counted(pair: tuple[socket.socket, socket.socket]) -> None:
    """Nothing at first, then what the peer does not take; nothing for a socket that is gone."""
    near, _ = pair
    quiet = in_kernel(Holding(near))
    fill(near)
    full = in_kernel(Holding(near))
    near.close()

    assert quiet == 0
    assert full > 0
    assert in_kernel(Holding(near)) == 0
    assert in_kernel(FakeTransport()) == 0
