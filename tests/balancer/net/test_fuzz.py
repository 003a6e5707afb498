"""A fuzzer over the parser boundary: whatever comes, in whatever pieces, stays where it belongs.

Several clients and one endpoint, all hostile at times. Each request carries a mark that the
endpoint's answer repeats. `HYPOTHESIS_EXAMPLES=100000 pytest tests/balancer/net/test_fuzz.py` runs
long.
"""

import asyncio
import os
import re
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from balancer.net.client import ClientConnection
from tests.balancer.net.conftest import ONE
from tests.balancer.net.fakes import FakeTransport, Wire

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "60"))
CLIENTS = 3

MARK = re.compile(rb"mark-(\d)-\d+")
JUNK = [
    b"\r\n", b"\n", b"\0", b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"5\r\nhello\r\n",
    b"Connection: close\r\n", b" ", b"ffffffffffffffff", b":",
]  # fmt: skip


def request(client: int, number: int, kind: str) -> bytes:
    """A valid request with its mark."""
    target = b"/mark-%d-%d" % (client, number)
    if kind == "length":
        return b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" % target
    if kind == "chunked":
        head = b"POST %b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" % target
        return head + b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: v\r\n\r\n"
    if kind == "upgrade":
        fields = b"Connection: upgrade\r\nUpgrade: websocket\r\n"
        return b"GET %b HTTP/1.1\r\nHost: a\r\n%b\r\n" % (target, fields)
    return b"%b %b HTTP/1.1\r\nHost: a\r\n\r\n" % (kind.encode(), target)


def answer(mark: bytes, kind: str) -> bytes:
    """A valid answer that repeats the mark."""
    if kind == "chunked":
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(mark), mark)
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    if kind == "switch":
        fields = b"Connection: upgrade\r\nUpgrade: websocket\r\n"
        return b"HTTP/1.1 101 Switching Protocols\r\n%b\r\n%b" % (fields, mark)
    if kind == "none":
        return b"HTTP/1.1 204 No Content\r\nX-Mark: %b\r\n\r\n" % mark
    early = b"HTTP/1.1 100 Continue\r\n\r\n" if kind == "interim" else b""
    return early + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(mark), mark)


@dataclass(frozen=True)
class Mutation:
    """Octets put in at a place, in thousandths of the length."""

    place: int
    junk: bytes

    def of(self, data: bytes) -> bytes:
        """The data with the junk in it."""
        at = len(data) * self.place // 1000
        return data[:at] + self.junk + data[at:]


@dataclass
class Party:
    """A client: what it will send, and what it got."""

    connection: ClientConnection
    transport: FakeTransport
    pieces: list[bytes] = field(default_factory=list)


mutations = st.none() | st.builds(
    Mutation, st.integers(0, 1000), st.sampled_from(JUNK) | st.binary(min_size=1, max_size=3)
)
requests = st.tuples(
    st.sampled_from(["GET", "HEAD", "length", "chunked", "upgrade"]), st.none() | mutations
)
streams = st.lists(st.lists(requests, max_size=3), min_size=CLIENTS, max_size=CLIENTS)
answers = st.tuples(
    st.sampled_from(["length", "chunked", "none", "interim", "switch"]), st.none() | mutations
)


def split(data: bytes, size: int) -> list[bytes]:
    """Pieces of at most `size` octets."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def deliver(transport: FakeTransport, feed: Any, piece: bytes) -> None:
    """What a loop does: no more octets once the connection is closing; then its loss is told."""
    if not transport.is_closing():
        feed(piece)


def bury(wire: Wire, buried: set[int], parties: list[Party]) -> None:
    """Tell the connections that were closed that they are lost, once each, as a loop does."""
    endpoints = [(connection, transport) for transport, connection, _ in wire.loop.opened]
    clients = [(one.connection, one.transport) for one in parties]
    for connection, transport in [*endpoints, *clients]:
        if transport.is_closing() and id(transport) not in buried:
            buried.add(id(transport))
            connection.connection_lost(None)


async def play(
    stream: list[list[Any]], replies: list[Any], size: int
) -> tuple[Wire, list[Party], list[Any]]:
    """The whole dialogue; the endpoint answers what it has got whole, in pieces of `size`."""
    wire, errors = Wire(ONE), list[Any]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    parties, buried, seen, turn = [], set[int](), dict[int, int](), 0
    for number, wanted in enumerate(stream):
        party = Party(*wire.client())
        data = b""
        for n, (kind, mutation) in enumerate(wanted):
            one = request(number, n, kind)
            data += mutation.of(one) if mutation else one
        party.pieces = split(data, size)
        parties.append(party)
    for _ in range(400):
        busy = False
        for party in parties:
            if party.pieces and party.transport.reading:
                busy = True
                piece = party.pieces.pop(0)
                deliver(party.transport, party.connection.data_received, piece)
        await wire.settle()
        for transport, connection, _address in list(wire.loop.opened):
            marks = MARK.findall(transport.written)
            whole = [one.group() for one in MARK.finditer(transport.written)]
            if len(marks) > seen.get(id(transport), 0) and connection._exchange is not None:
                if not connection._exchange.request_whole:
                    continue
                busy = True
                seen[id(transport)] = len(marks)
                kind, mutation = replies[turn % len(replies)]
                turn += 1
                data = answer(whole[-1], kind)
                for piece in split(mutation.of(data) if mutation else data, size):
                    deliver(transport, connection.data_received, piece)
        bury(wire, buried, parties)
        await wire.settle()
        if not busy:
            break
    for party in parties:
        if not party.transport.is_closing():
            party.transport.close()
    bury(wire, buried, parties)
    await wire.settle()
    bury(wire, buried, parties)
    return wire, parties, errors


def check(wire: Wire, parties: list[Party], errors: list[Any]) -> None:
    """No leak of marks, no lease left, no exchange without its one end, no exception."""
    load = wire.proxy.table.pools["auth"].endpoints[0].load
    assert errors == []
    assert load.in_flight == 0
    assert not wire.proxy.exchanges
    assert not wire.proxy.clients
    assert sum(load.finished.values()) <= sum(one.connection._served for one in parties)
    for number, party in enumerate(parties):
        assert set(MARK.findall(party.transport.written)) <= {b"%d" % number}


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(streams, st.lists(answers, min_size=1, max_size=4), st.integers(1, 200))
def test_nothing_leaks_and_everything_ends(
    stream: list[list[Any]], replies: list[Any], size: int
) -> None:
    """Mutated requests and answers, in pieces of any size."""
    wire, parties, errors = asyncio.run(play(stream, replies, size))

    check(wire, parties, errors)


valid = st.lists(
    st.lists(st.tuples(st.sampled_from(["GET", "HEAD", "length", "chunked"]), mutations),
             max_size=3), min_size=1, max_size=1,
)  # fmt: skip


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(valid, st.integers(1, 50))
def test_splitting_changes_nothing(stream: list[list[Any]], size: int) -> None:
    """One client's octets, however mutated: the same requests are answered, in any pieces."""
    whole = outcome(stream, 1 << 20)
    pieces = outcome(stream, size)

    assert pieces == whole


def outcome(stream: list[list[Any]], size: int) -> list[bytes]:
    """The marks of the requests that were answered well.

    Whether a bad one behind them is told 400 or merely closed depends on whether it came before
    their answer was out, and so on time; what was answered well does not.
    """
    _, parties, errors = asyncio.run(play(stream, [("length", None)], size))
    assert errors == []
    return [one.group() for one in MARK.finditer(parties[0].transport.written)]
