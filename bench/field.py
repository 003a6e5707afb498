"""Who takes part in a benchmark: which rows there are, and how each is started and stopped."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import contenders, peers
from bench.children import CannotRun, Child, Cores, child, unused_ports
from bench.contenders import Command, Setup

ENDPOINTS = 4


@dataclass(frozen=True)
class Field:
    """What is on this machine for a benchmark to work with."""

    cores: Cores
    programs: dict[str, peers.Program]
    venv: Path
    directory: Path
    endpoints: list[int]

    def command(self, name: str, setup: Setup) -> Command:
        """How a contender is started. Raises `CannotRun` if it is not installed."""
        if name in ("evenhand", "evenhand+log"):
            return contenders.evenhand(setup, log=name.endswith("+log"))
        if name == "aiohttp":
            return contenders.aiohttp(setup)
        name = name.partition(" ")[0]
        if name not in self.programs:
            raise CannotRun(peers.why_missing(name, self.venv))
        return contenders.PEERS[name](setup, self.programs[name])

    @contextlib.contextmanager
    def running(self, name: str, *, buffering: bool = True) -> Iterator[tuple[int, Child | None]]:
        """The port to send to and the proxy behind it (none for `direct`), ready to serve."""
        if name == "direct":
            yield self.endpoints[0], None
            return
        listen, admin = unused_ports(2)
        place = self.directory / name.replace(" ", "-")
        place.mkdir(exist_ok=True)
        setup = Setup(listen, admin, self.endpoints, place, buffering)
        command = self.command(name, setup)
        with child(
            name, command.argv, place / "output.txt", self.cores.proxy, command.environment
        ) as proxy:
            proxy.wait_until_answers(listen)
            yield listen, proxy


@contextlib.contextmanager
def endpoints(directory: Path) -> Iterator[list[int]]:
    """The stub endpoints, on the core of the load."""
    ports = unused_ports(ENDPOINTS)
    argv = [sys.executable, "-m", "bench.stub", *map(str, ports)]
    with child("endpoints", argv, directory / "endpoints.txt") as stub:
        for port in ports:
            stub.wait_until_answers(port)
        yield ports


def say(text: str) -> None:
    """Progress, for people; results go to standard output."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
