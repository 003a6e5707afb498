"""What both sides' connections share: one buffer to read into, joined writes, paused reading."""

import asyncio
import fcntl
import struct
import termios
from abc import abstractmethod
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from balancer.net.proxy import Proxy

READ = 32 * 1024
"""Octets of one read at most. A reader that takes nothing costs us one read's octets: uvloop's own
256,000 made that 280 KiB for each slow client."""


class Stream(asyncio.BufferedProtocol):
    """One socket. Reads go into the proxy's one buffer and are copied out at their true length."""

    def __init__(self, proxy: "Proxy") -> None:
        self.proxy = proxy
        self.transport: asyncio.Transport
        self.congested = False
        """Whether the peer reads more slowly than we have to write."""
        self.out: list[bytes] = []
        """What is to be written at the end of the callback that is running: one write, not two."""
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; it says `pause_writing` as soon as the kernel takes no more."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=1)  # at 0 TLS calls an empty buffer full

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next octets go; nothing stays there beyond `buffer_updated`."""
        return self.proxy.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Octets have come."""
        self.data_received(self.proxy.buffer[:nbytes].tobytes())

    @abstractmethod
    def data_received(self, data: bytes) -> None:
        """Octets have come, and are ours to keep."""

    def flush(self) -> None:
        """Write what has gathered."""
        out = self.out
        if out:
            self.out = []
            if not self.transport.is_closing():
                self.transport.write(b"".join(out))

    def pause_reading(self) -> None:
        """Take no more from the peer for now. Idempotent."""
        if not self._paused and not self.transport.is_closing():
            self._paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on. Idempotent."""
        if self._paused and not self.transport.is_closing():
            self._paused = False
            self.transport.resume_reading()


def in_kernel(transport: asyncio.Transport) -> int:
    """Octets in the kernel's queue that the peer has not acknowledged; 0 if that is not known."""
    socket = transport.get_extra_info("socket")
    if socket is None:
        return 0
    try:
        (octets,) = struct.unpack("i", fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, bytes(4)))
    except (OSError, ValueError):  # closed meanwhile
        return 0
    return int(octets)
