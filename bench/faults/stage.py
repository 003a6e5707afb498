"""One run's stage: four instances and a proxy before them; the script acts on it."""

import http.client
import signal
import socket
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.faults.counting import Executed, read_journal
from bench.faults.processes import Child, NotReady, wait_until
from bench.faults.proxies import Layout, Setting
from bench.faults.scenarios import INSTANCES, Step
from bench.peers import Program

STARTUP = 20.0
"""Seconds until everything must answer: Envoy warms its cluster up, the machine may be busy."""


class Stage:
    """A context: inside it everything runs, after it nothing does."""

    def __init__(
        self, setting: Setting, program: Program | None, layout: Layout, service_time: float
    ) -> None:
        self.setting = setting
        self.layout = layout
        self.kills: list[float] = []
        """When an instance was killed, by `time.monotonic()`."""
        self._program = program
        self._service_time = service_time
        self._reloads = 0
        self._marks_at_start = 0
        """Some proxies report their start as they report a reload."""
        self._instances: dict[int, Child] = {}
        self._proxy: Child | None = None

    def __enter__(self) -> Self:
        try:
            for n in range(1, INSTANCES + 1):
                self._start_instance(n)
            self._wait_for_instances()  # first: a proxy that finds none would hold it against them
            self._configure(weight=2)
            self._proxy = self._start_proxy()
            self._wait_for_proxy()
            self._marks_at_start = self.reloads_done()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._stop()

    def do(self, step: Step) -> None:
        """Carry out one step of a scenario."""
        match step.act:
            case "reload":
                self._reload()
            case "kill":
                self.kills.append(time.monotonic())
                self._instances[step.instance].kill()
            case "start":
                self._start_instance(step.instance)
            case "freeze":
                self._instances[step.instance].send(signal.SIGSTOP)
            case "thaw":
                self._instances[step.instance].send(signal.SIGCONT)

    def reloads_done(self) -> int:
        """How many reloads the proxy says that it carried out since it was ready."""
        if self._proxy is None:
            return 0
        log = self._proxy.log.read_text(errors="replace")
        return log.count(self.setting.product.reload_mark) - self._marks_at_start

    def wait_for_reloads(self) -> int:
        """Wait until the proxy has carried out all it was asked for, or a second; how many."""
        try:
            wait_until(lambda: self.reloads_done() >= self._reloads, 1.0, lambda: "")
        except NotReady:
            return self.reloads_done()
        return self._reloads

    def executed(self) -> list[Executed]:
        """What the instances executed; settle first, so that late work is in it."""
        found: list[Executed] = []
        for n in self._instances:
            lines = self._journal(n).read_text().splitlines()
            found += read_journal(f"auth-{n}", lines)
        return found

    def settle(self) -> None:
        """Wait until no living instance is at work: its journal rests for five service times."""
        sizes = self._journal_sizes()
        rested = 0

        def rests() -> bool:
            nonlocal sizes, rested
            now = self._journal_sizes()
            rested = rested + 1 if now == sizes else 0
            sizes = now
            return rested * 0.02 > 5 * self._service_time

        wait_until(rests, STARTUP, lambda: "the instances do not come to rest")

    def proxy_died(self) -> str | None:
        """What the proxy said last, if it ended unasked."""
        if self._proxy is None or self._proxy.process.poll() is None:
            return None
        return self._proxy.tail()

    # ── instances ────────────────────────────────────────────────────────────────────────────

    def _start_instance(self, n: int) -> None:
        self._instances[n] = Child(
            [
                sys.executable, "-m", "bench.faults.instance",
                "--name", f"auth-{n}", "--port", str(self.layout.instances[n - 1]),
                "--journal", str(self._journal(n)), "--service-time", str(self._service_time),
            ],
            self.layout.directory / f"auth-{n}.log",
        )  # fmt: skip

    def _wait_for_instances(self) -> None:
        wait_until(
            lambda: all(map(who_serves, self.layout.instances)),
            STARTUP,
            lambda: "the instances did not start:\n" + self._instances[1].tail(),
        )

    def _journal(self, n: int) -> Path:
        return self.layout.directory / f"auth-{n}.journal"

    def _journal_sizes(self) -> list[int]:
        return [self._journal(n).stat().st_size for n in self._instances]

    # ── the proxy ────────────────────────────────────────────────────────────────────────────

    def _configure(self, weight: int) -> None:
        """Write the configuration and rename it into place: no proxy ever reads half a file."""
        for name, text in self.setting.files(self.layout, weight).items():
            path = self.layout.directory / name
            if path.exists() and path.read_text() == text:
                continue
            fresh = self.layout.directory / f".{name}.new"
            fresh.write_text(text)
            fresh.replace(path)

    def _start_proxy(self) -> Child:
        program = self._program
        command = self.setting.product.command(str(program.path) if program else "", self.layout)
        environment = program.environment if program else {}
        return Child(command, self.layout.directory / "proxy.log", environment)

    def _reload(self) -> None:
        self._reloads += 1
        self._configure(weight=1 if self._reloads % 2 else 2)
        if self._proxy is not None and self.setting.product.reload_signal is not None:
            self._proxy.send(self.setting.product.reload_signal)

    def _wait_for_proxy(self) -> None:
        """Until every instance has answered through the proxy."""
        served_by: set[str | None] = set()

        def all_serve() -> bool:
            died = self.proxy_died()
            if died is not None:
                raise NotReady(f"{self.setting.name} ended at its start; its log ends:\n{died}")
            served_by.add(who_serves(self.layout.listen))
            return len(served_by - {None}) == INSTANCES

        def why() -> str:
            said = self._proxy.tail() if self._proxy else ""
            missing = INSTANCES - len(served_by - {None})
            return f"{self.setting.name} did not reach {missing} instances; its log ends:\n{said}"

        wait_until(all_serve, STARTUP, why)

    def _stop(self) -> None:
        for child in (self._proxy, *self._instances.values()):
            if child is not None:
                child.stop()


def who_serves(port: int) -> str | None:
    """The instance that answers at a port, directly or through a proxy; None if none does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        answer.read()
        return answer.headers["X-Served-By"] if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def free_ports(base: int) -> tuple[int, ...]:
    """Six free ports in a row, from `base` on: the proxy's, its admin's, the instances'.

    Not port 0: the system would give ports from its range for outgoing connections, and while an
    instance is dead a connection could take its port. Raises NotReady if there are none.
    """
    wanted = 2 + INSTANCES
    for first in range(base, base + 1000, 10):
        ports = tuple(range(first, first + wanted))
        if all(map(_is_free, ports)):
            return ports
    raise NotReady(f"no {wanted} free ports in a row between {base} and {base + 1000}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True
