"""Who takes part in a benchmark: which rows there are, and how each is started and stopped."""

import contextlib
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench import contenders, peers
from bench.children import CannotRun, Child, Cores, child, unused_ports
from bench.contenders import Command, Setup
from bench.interpreter import Interpreter

ENDPOINTS = 4


@dataclass(frozen=True)
class Field:
    """What is on this machine for a benchmark to work with."""

    cores: Cores
    programs: dict[str, peers.Program]
    venv: Path
    directory: Path
    endpoints: list[int]
    pythons: Mapping[str, Interpreter] = field(default_factory=dict)
    """Other Pythons for our own rows, by the label that stands in brackets there."""

    def command(self, name: str, setup: Setup) -> Command:
        """How a contender is started. Raises `CannotRun` if it is not installed."""
        product = name.partition(" ")[0]
        if product.partition("+")[0] == "evenhand":
            python = self.pythons.get(name.partition(" (")[2].removesuffix(")"))
            return contenders.evenhand(setup, product.partition("+")[2], python)
        if product == "aiohttp":
            return contenders.aiohttp(setup)
        if product not in self.programs:
            raise CannotRun(peers.why_missing(product, self.venv))
        return contenders.PEERS[product](setup, self.programs[product])

    @contextlib.contextmanager
    def running(self, name: str, *, buffering: bool = True) -> Iterator[tuple[int, Child | None]]:
        """The port to send to and the proxy behind it (none for `direct`), ready to serve."""
        if name == "direct":
            yield self.endpoints[0], None
            return
        listen, admin = unused_ports(2)
        place = self.directory / re.sub(r"[^\w.+]+", "-", name)
        place.mkdir(exist_ok=True)
        setup = Setup(listen, admin, self.endpoints, place, buffering)
        command = self.command(name, setup)
        with child(
            name, command.argv, place / "output.txt", self.cores.proxy, command.environment
        ) as proxy:
            proxy.wait_until_answers(listen)
            yield listen, proxy


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """A directory for configurations and logs, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="evenhand-bench-") as name:
        yield Path(name)


@contextlib.contextmanager
def endpoints(directory: Path) -> Iterator[list[int]]:
    """The stub endpoints, on the core of the load."""
    ports = unused_ports(ENDPOINTS)
    argv = [sys.executable, "-m", "bench.stub", *map(str, ports)]
    with child("endpoints", argv, directory / "endpoints.txt") as stub:
        for port in ports:
            stub.wait_until_answers(port)
        yield ports
