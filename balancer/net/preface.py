"""Takes a PROXY protocol header out of a socket, and nothing of what follows it."""

import asyncio
import socket

from balancer.core.proxy_protocol import LONGEST, NotProxyProtocol, Preface, read_preface


async def take_preface(accepted: socket.socket, loop: asyncio.AbstractEventLoop) -> Preface:
    """Take exactly the preface out of the socket; what follows stays for who comes next.

    Octets are looked at before they are taken: as long as the header is not whole, all of them are
    its own. Raises NotProxyProtocol, or OSError if the connection broke; waits as long as it may.
    """
    taken = b""
    while True:
        try:
            seen = accepted.recv(LONGEST, socket.MSG_PEEK)
        except BlockingIOError:
            await _readable(accepted, loop)
            continue
        if not seen:
            raise NotProxyProtocol("the peer closed before its header was whole")
        preface = read_preface(taken + seen)
        if preface is not None:
            accepted.recv(preface.length - len(taken))
            return preface
        taken += accepted.recv(len(seen))


async def _readable(accepted: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
    """Wait until there is something to read, or the peer has closed."""
    ready = asyncio.Event()
    descriptor = accepted.fileno()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
