"""Takes a PROXY protocol header out of a socket, and nothing of what follows it."""

import asyncio
import socket

from balancer.core.proxy_protocol import LONGEST, NotProxyProtocol, Preface, read_preface


async def take_preface(accepted: socket.socket, loop: asyncio.AbstractEventLoop) -> Preface:
    """Take exactly the preface out of the socket; what follows stays for who comes next.

    Raises NotProxyProtocol, or OSError if the connection broke. Waits for as long as it is let.
    """
    seen = 0
    while True:
        data = _peek(accepted)
        preface = read_preface(data) if data else None
        if preface is not None:
            accepted.recv(preface.length)
            return preface
        if data is not None and len(data) == seen:
            raise NotProxyProtocol("the peer closed before its header was whole")
        seen = len(data or b"")
        await _readable(accepted, loop, seen)


def _peek(accepted: socket.socket) -> bytes | None:
    """What has come so far, left in the socket; None if nothing has."""
    try:
        return accepted.recv(LONGEST, socket.MSG_PEEK)
    except BlockingIOError:
        return None


async def _readable(accepted: socket.socket, loop: asyncio.AbstractEventLoop, seen: int) -> None:
    """Wait until there is more than was seen."""
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, seen + 1)
    ready = asyncio.Event()
    descriptor = accepted.fileno()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
