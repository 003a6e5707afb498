"""The real Locust process against a real, slow or silent server."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from loadtest.arrivals import arrivals
from loadtest.exchange import Exchange
from loadtest.generator import Generator, GeneratorFailed, Load

pytestmark = [pytest.mark.live, pytest.mark.measures]
SERVER = Path(__file__).parent / "slow_server.py"


class SlowServer:
    """The server's process: its port, and what it saw once it is stopped."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{port}"

    async def stop(self) -> dict[str, int]:
        assert self._process.stdout is not None
        self._process.terminate()
        seen: dict[str, int] = json.loads(await self._process.stdout.readline())
        await self._process.wait()
        return seen


@asynccontextmanager
async def slow_server(*arguments: str) -> AsyncIterator[SlowServer]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SERVER), *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield SlowServer(process, json.loads(await process.stdout.readline())["port"])
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def drive(
    load: Load, out: Path, seconds: float, phases: tuple[str, ...] = ("only",)
) -> tuple[list[Exchange], list[int]]:
    """Run the phases one after the other; return every exchange and what each phase offered."""
    exchanges: list[Exchange] = []
    generator = await Generator.start(load, out, exchanges.append)
    offered = []
    for name in phases:
        await generator.phase(name)
        await asyncio.sleep(seconds)  # the length of the phase, not a wait for a condition
        offered.append(await generator.pause())
    assert await generator.quit() == 0
    return exchanges, offered


def load(url: str, **changed: Any) -> Load:
    settings = {"rate": 40.0, "seed": 7, "patience": 1.0, **changed}
    return Load(url=url, password="correct horse", **settings)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


async def test_a_silent_server_slows_no_arrival(tmp_path: Path) -> None:
    """Open arrivals: with no answers at all the offered count follows the schedule, every latency
    is the whole patience (no coordinated omission), and every client closes its connection."""
    async with slow_server("--delay", "-1") as server:
        exchanges, [offered] = await drive(load(server.url), tmp_path, 3.0)
        seen = await server.stop()

    scheduled = [a for a, _ in zip(arrivals(40.0, 7), range(400), strict=False) if a.offset < 3.0]
    assert abs(offered - len(scheduled)) <= 4  # the pause comes a little after 3 s
    assert len(exchanges) == offered
    assert {exchange.outcome for exchange in exchanges} == {"timeout"}
    assert 1.0 <= percentile([e.latency for e in exchanges], 0.5) < 1.1
    assert seen["requests"] == offered
    assert seen["left"] == offered


async def test_more_connections_than_ten_are_in_use_at_once(tmp_path: Path) -> None:
    """The trap in Locust's defaults: against a server that takes half a second, the time spent
    waiting for a connection is nil."""
    async with slow_server("--delay", "0.5") as server:
        exchanges, _ = await drive(load(server.url, rate=100.0), tmp_path, 1.5)
        await server.stop()

    assert {exchange.outcome for exchange in exchanges} == {"ok"}
    assert {exchange.served_by for exchange in exchanges} == {"slow-1"}
    assert percentile([e.latency for e in exchanges], 0.5) == pytest.approx(0.5, abs=0.1)
    assert percentile([e.lag for e in exchanges if e.lag is not None], 0.5) < 0.05


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets anybody bind all of 127/8")
async def test_clients_come_from_distinct_addresses(tmp_path: Path) -> None:
    """The server sees as many addresses as the exchanges name, and these are many."""
    async with slow_server() as server:
        exchanges, _ = await drive(load(server.url, rate=100.0), tmp_path, 1.5)
        seen = await server.stop()

    named = {exchange.source for exchange in exchanges}
    assert len(named) > 50
    assert seen["sources"] == len(named)


async def test_what_exceeds_the_cap_is_counted_as_dropped(tmp_path: Path) -> None:
    """An arrival that finds the cap reached is recorded as dropped, and never reaches a socket."""
    async with slow_server("--delay", "-1") as server:
        exchanges, [offered] = await drive(load(server.url, cap=5), tmp_path, 2.0)
        seen = await server.stop()

    dropped = [exchange for exchange in exchanges if exchange.outcome == "dropped"]
    assert len(exchanges) == offered
    assert len(dropped) == offered - seen["requests"] > 0
    assert all(exchange.sent is None for exchange in dropped)


async def test_every_phase_fires_the_same_schedule(tmp_path: Path) -> None:
    """A phase restarts the seeded schedule: same numbers, same sources, same gaps."""
    async with slow_server() as server:
        exchanges, _ = await drive(load(server.url), tmp_path, 1.0, ("first", "again"))
        await server.stop()

    first, again = (
        sorted((e for e in exchanges if e.phase == name), key=lambda e: e.n)
        for name in ("first", "again")
    )
    both = list(zip(first, again, strict=False))
    assert len(both) > 20
    for one, other in both:
        assert (one.n, one.source) == (other.n, other.source)
        gaps = one.due - first[0].due, other.due - again[0].due
        assert gaps[0] == pytest.approx(gaps[1], abs=1e-6)


async def test_moments_are_consistent(tmp_path: Path) -> None:
    """Nothing is sent before it is due, and nothing is done before it was sent."""
    async with slow_server("--delay", "0.05", "--status", "503") as server:
        exchanges, _ = await drive(load(server.url), tmp_path, 1.0)
        await server.stop()

    assert {(e.outcome, e.status) for e in exchanges} == {("http_503", 503)}
    for exchange in exchanges:
        assert exchange.sent is not None
        assert exchange.due <= exchange.sent <= exchange.done
        assert exchange.latency >= 0.05


async def test_nobody_listening_is_told_apart_from_silence(tmp_path: Path) -> None:
    """A refused connection is `connect_failed`, and nothing counts as sent."""
    async with slow_server() as server:
        await server.stop()
        exchanges, _ = await drive(load(server.url), tmp_path, 0.5)

    assert {(e.outcome, e.sent) for e in exchanges} == {("connect_failed", None)}


async def test_the_generator_ends_when_its_runner_is_gone(tmp_path: Path) -> None:
    """A closed control channel ends the Locust process; it never loads a stack unattended."""
    async with slow_server() as server:
        generator = await Generator.start(load(server.url), tmp_path, lambda _: None)
        await generator.phase("only")
        generator._writer.close()
        async with asyncio.timeout(10):
            assert await generator._process.wait() == 0


async def test_a_generator_that_cannot_start_names_its_log(tmp_path: Path) -> None:
    """An address that is none ends the generator; the error points to the log, which says why."""
    with pytest.raises(GeneratorFailed, match=r"locust\.log"):
        await Generator.start(load("nonsense://"), tmp_path, lambda _: None)
    assert "--host needs a URL" in (tmp_path / "locust.log").read_text()


async def test_an_impossible_rate_is_offered_late_not_silently_less(tmp_path: Path) -> None:
    """Asked for more than a process can do, every login that was due is fired or dropped, and the
    lag tells how late: the verdict then calls the measurement invalid."""
    async with slow_server() as server:
        exchanges, [offered] = await drive(load(server.url, rate=20_000.0), tmp_path, 0.2)
        await server.stop()

    assert len(exchanges) == offered > 2_000
    lags = [e.lag for e in exchanges if e.lag is not None]
    dropped = sum(e.outcome == "dropped" for e in exchanges)
    assert dropped > 0 or percentile(lags, 0.99) > 0.1
