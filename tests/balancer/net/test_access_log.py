"""The access log: what a line says, which lines there are, and what cannot break it."""

import asyncio
import json
import os
import select
from pathlib import Path
from random import Random
from typing import Any

import pytest

from balancer.net import access_log
from balancer.net.access_log import AccessLog
from tests.balancer.net.conftest import ONE
from tests.balancer.net.fakes import Wire

GET = b"GET /x?token=secret HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def logging(path: Path, sample: float = 1.0) -> tuple[Wire, AccessLog]:
    """A proxy with an access log, whose clock read 0 at the Unix time 0."""
    wire = Wire(ONE)
    log = AccessLog(str(path), sample, Random(1), wire.loop.time, 0.0)
    wire.proxy.access_log = log
    return wire, log


def lines(path: Path) -> list[dict[str, Any]]:
    """What the file holds."""
    return [json.loads(line) for line in path.read_text().splitlines()]


async def answered(wire: Wire, request: bytes = GET, answer: bytes = OK) -> None:
    """One exchange, half a second long."""
    await wire.asks(request)
    wire.loop.clock += 0.5
    wire.endpoint[0].data_received(answer)


async def test_a_line_says_who_what_where_and_how_long(tmp_path: Path) -> None:
    """Without the query string, where people put tokens."""
    path = tmp_path / "access.jsonl"
    wire, log = logging(path)

    await answered(wire)
    log.close()

    assert lines(path) == [{
        "at": "1970-01-01T00:16:40.000+00:00", "request_id": "r1", "client": "192.0.2.7",
        "method": "GET", "path": "/x", "status": 200, "outcome": "ok", "pool": "auth",
        "endpoint": "auth-1", "attempts": 1, "connect_s": 0.0, "answer_s": 0.5, "total_s": 0.5,
    }]  # fmt: skip


async def test_a_sample_keeps_every_failure(tmp_path: Path) -> None:
    """Of those that went well only a share is kept."""
    path = tmp_path / "access.jsonl"
    wire, log = logging(path, sample=0.000001)

    for _ in range(20):
        await answered(wire)
        await answered(wire, answer=b"SSH-2.0\r\n")
    log.close()

    assert [one["outcome"] for one in lines(path)] == ["bad_response"] * 20


async def test_no_octet_of_a_client_breaks_a_line(tmp_path: Path) -> None:
    """Every octet that a target may hold, in one line of JSON each."""
    path = tmp_path / "access.jsonl"
    wire, log = logging(path)
    odd = bytes(one for one in range(33, 256) if one not in b"?#\x7f" and one < 128)

    await answered(wire, b"GET /" + odd + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    log.write(
        [(1.0, 1.0, 0.0, 0.0, b"r", b"\0" * 16, b"GET", bytes(range(256)), "", "ok", "", "", 0)]
    )
    log.close()

    texts = path.read_text().splitlines()
    assert len(texts) == 2
    assert json.loads(texts[0])["path"] == bytes(range(63)).decode("latin-1")
    assert json.loads(texts[1])["path"] == "/" + odd.decode()


async def test_a_rotated_file_is_followed_and_nothing_is_lost(tmp_path: Path) -> None:
    """The path opened again is the new file; what the old log holds goes to the old one."""
    path, rotated = tmp_path / "access.jsonl", tmp_path / "access.jsonl.1"
    wire, old = logging(path)
    await answered(wire)
    path.rename(rotated)

    wire.proxy.access_log = new = AccessLog(str(path), 1.0, Random(1), wire.loop.time, 0.0)
    old.close()
    await answered(wire)
    new.close()

    assert len(lines(rotated)) == len(lines(path)) == 1


async def test_two_logs_on_one_file_write_whole_lines(tmp_path: Path) -> None:
    """As after a reload without a rotation, while the old one is still being written."""
    path = tmp_path / "access.jsonl"
    note = (1.0, 1.0, 0.0, 0.0, b"r", b"\0" * 4, b"GET", b"/" + b"x" * 2000, "", "ok", "", "", 0)
    logs = [AccessLog(str(path), 1.0, Random(1), lambda: 0.0, 0.0) for _ in range(2)]

    def write(log: AccessLog) -> None:
        for _ in range(20):
            log.write([note] * 50)

    await asyncio.gather(*(asyncio.to_thread(write, log) for log in logs))
    for log in logs:
        log.close()

    assert len(lines(path)) == 2000


async def test_closing_waits_for_a_write_under_way(tmp_path: Path) -> None:
    """A log that a reload takes away may be in a thread's hands just then."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    _, log = logging(path)
    note = (1.0, 1.0, 0.0, 0.0, b"r", b"\0" * 4, b"GET", b"/" * 2000, "", "ok", "", "", 0)
    writing = asyncio.ensure_future(asyncio.to_thread(log.write, [note] * 100))
    async with asyncio.timeout(5):
        while not select.select([reader], [], [], 0)[0]:  # noqa: ASYNC110 # another thread
            await asyncio.sleep(0.01)

    closing = asyncio.ensure_future(asyncio.to_thread(log.close))
    os.set_blocking(reader, True)
    with open(reader, "rb") as file:  # noqa: PTH123, ASYNC230 # a descriptor, in a thread
        read = await asyncio.to_thread(file.read)
    await asyncio.gather(writing, closing)

    assert len(read.splitlines()) == 100


async def test_lines_over_the_limit_are_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded, whatever the disk does."""
    monkeypatch.setattr(access_log, "MOST_WAITING", 2)
    wire, log = logging(tmp_path / "access.jsonl")

    for _ in range(5):
        await answered(wire)

    kept = len(log.take())
    log.close()
    assert (kept, log.dropped) == (2, 3)


async def test_a_disk_that_refuses_costs_lines_and_nothing_else() -> None:
    """On a full disk the writer goes on trying; the lost lines are counted."""
    wire, log = logging(Path("/dev/full"))
    await answered(wire)
    writing = asyncio.ensure_future(wire.proxy.write_log())

    async with asyncio.timeout(5):
        while not log.dropped:  # noqa: ASYNC110 # a counter, not an event
            await asyncio.sleep(0.01)
    alive = not writing.done()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await answered(wire)
    with pytest.raises(OSError, match="No space"):
        log.close()

    assert alive
    assert log.dropped == 2
