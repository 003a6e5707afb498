"""The sweep: how soon a deadline is noticed, and that a loop that is late blames nobody for it."""

import asyncio
import socket
import time
from random import Random

import pytest
import uvloop

from balancer.net import sweep
from balancer.net.client import ClientConnection
from balancer.net.proxy import Proxy
from tests.balancer.configs import table
from tests.balancer.net.fakes import Wire

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


async def test_the_next_look_comes_when_the_first_deadline_can_pass(wire: Wire) -> None:
    """Not sooner, so that a quiet balancer sleeps, and not later, so that nobody waits in vain."""
    timeouts = wire.proxy.table.config.timeouts
    quiet = sweep.end_exchanges(wire.proxy, wire.loop.clock)
    await wire.asks(GET)
    sent = wire.loop.clock
    wire.loop.clock += timeouts.answer - 0.1

    due = sweep.end_exchanges(wire.proxy, wire.loop.clock)

    assert quiet == pytest.approx(sent + timeouts.connect)  # the shortest: nothing can pass before
    assert due == pytest.approx(sent + timeouts.answer)


async def test_only_what_has_passed_its_deadline_is_ended(wire: Wire) -> None:
    """Two exchanges, half a second apart: the older one goes alone."""
    timeouts = wire.proxy.table.config.timeouts
    _, to_first = await wire.asks(GET)
    wire.loop.clock += 0.5
    _, to_second = await wire.asks(GET)

    wire.loop.clock += timeouts.answer - 0.4
    wire.sweep()

    assert to_first.take().startswith(b"HTTP/1.1 504 ")
    assert to_second.take() == b""


MAGLEV = """\
listen: 127.0.0.1:8080
routes: [{pool: p}]
pools:
  - name: p
    algorithm: maglev
    endpoints: [{address: "127.0.0.1:1"}, {address: "127.0.0.1:2"}, {address: "127.0.0.1:3"}]
"""


async def test_sweeps_lay_a_new_table_after_a_flip() -> None:
    """Until the pool picks by it. How much at each: in the tests of pools."""
    wire = Wire(MAGLEV)
    pool = wire.proxy.table.pools["p"]
    pool.endpoints[0].health.up = False
    pool.refresh()
    behind = pool.behind

    while not sweep.built(wire.proxy):
        pass

    assert behind
    assert not pool.behind


HASTY = """\
listen: 127.0.0.1:8080
routes: [{pool: p}]
pools: [{name: p, endpoints: [{address: "127.0.0.1:%d"}]}]
timeouts: {connect: 100ms, answer: 100ms}
"""


@pytest.mark.live
def test_what_came_in_time_counts_although_we_look_late() -> None:
    """The loop stands still for longer than the deadlines while the endpoint's answer lies in the
    socket: it is read before anybody is found overdue."""

    async def stall() -> bytes:
        loop = asyncio.get_running_loop()
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        configuration = HASTY % listening.getsockname()[1]
        proxy = Proxy(table(configuration), loop, Random(1), None)
        server = await loop.create_server(lambda: ClientConnection(proxy), "127.0.0.1", 0)
        watching = proxy.spawn(sweep.watch(proxy))
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(GET)
        endpoint, _ = await loop.sock_accept(listening)
        endpoint.setblocking(False)
        await loop.sock_recv(endpoint, 4096)
        endpoint.send(OK)
        time.sleep(0.3)  # noqa: ASYNC251 # the loop stands still: that is what is being tested
        answer = await asyncio.wait_for(reader.readline(), 5)
        watching.cancel()
        writer.close()
        server.close()
        listening.close()
        endpoint.close()
        return answer

    assert uvloop.run(stall()) == b"HTTP/1.1 200 OK\r\n"
