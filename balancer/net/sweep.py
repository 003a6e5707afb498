"""The sweep: looks at all deadlines together, so that none needs a timer of its own."""

import asyncio
from typing import TYPE_CHECKING

from balancer.core import failure
from balancer.core.deadlines import Deadline, deadline

if TYPE_CHECKING:
    from balancer.net.exchange import Exchange
    from balancer.net.proxy import Proxy

SELDOM = 0.25
"""Seconds at most between two looks at the exchanges, and between two at the idle connections, of
which there may be ten thousand."""

SLICE = 0.002
"""Seconds of every sweep for building what a pool picks by: a fifth of the time at most."""

OFTEN = 0.01
"""Seconds at least between two looks: how late a deadline may be noticed."""


async def watch(proxy: "Proxy") -> None:
    """Sweep for ever: exchanges as soon as one of them can be due, idle connections seldom."""
    seldom = proxy.now()
    while True:
        now = proxy.now()
        due = end_exchanges(proxy, now)
        if now >= seldom:
            end_waiting(proxy, now)
            tend(proxy, now)
            seldom = now + SELDOM
        if not built(proxy):
            due = now
        # A loop that comes late finds the sockets full: what has come in time is read first, since
        # both uvloop (libuv from 1.45) and asyncio look at the sockets before their timers.
        await asyncio.sleep(min(max(due - now, OFTEN), SELDOM))


def end_exchanges(proxy: "Proxy", now: float) -> float:
    """End the exchanges whose time is over; the moment at which the next one can be due."""
    timeouts = proxy.table.config.timeouts
    limits = [pool.guards.limit for pool in proxy.table.pools.values()]
    waits = [limit.wait for limit in limits if limit is not None]
    due = now + min(timeouts.connect, timeouts.body, timeouts.answer, timeouts.between, *waits)
    for exchange in list(proxy.exchanges):
        _note_taken(exchange, now)
        at, which = deadline(exchange, timeouts)
        if at < now:
            _end(exchange, which)
        elif at < due:
            due = at
    return due


def end_waiting(proxy: "Proxy", now: float) -> None:
    """Close the clients and the warm connections that wait for too long."""
    for client in list(proxy.clients):
        client.expire(now)
    proxy.warm.sweep(idle_before=now - proxy.table.config.timeouts.endpoint_idle)


def tend(proxy: "Proxy", now: float) -> None:
    """Let pools do what time alone brings about, and who waits find out that there is room."""
    for pool in proxy.table.pools.values():
        pool.tick(now)
        if pool.waiting is not None and pool.waiting.live:
            proxy.admit(pool.name)


def built(proxy: "Proxy") -> bool:
    """Build a little of what a pool picks by, after a flip; whether all is built by now."""
    return all(pool.build_on(SLICE) for pool in proxy.table.pools.values())


def _note_taken(exchange: "Exchange", now: float) -> None:
    """An answer counts as moving for as long as its client takes octets of it."""
    if exchange.client.congested:
        untaken = exchange.client.transport.get_write_buffer_size()
        if untaken != exchange.untaken:
            exchange.untaken, exchange.moved = untaken, now


def _end(exchange: "Exchange", which: Deadline) -> None:
    """End an exchange whose time is over, as the fault of whoever kept it waiting."""
    if which == "queue":
        exchange.fail(failure.QUEUE_TIMEOUT)
    elif which == "connect":
        exchange.fail(failure.CONNECT_TIMEOUT)
    elif which == "body" or not exchange.request_whole:
        exchange.reject(408, "the request's body did not come in time")
    elif exchange.client.congested:
        exchange.abandon()
    elif which == "tunnel":
        exchange.finish("ok", "101")
    else:
        exchange.fail(failure.ANSWER_TIMEOUT)
