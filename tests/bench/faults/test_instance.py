"""The stub instance: its journal outlives it, and shows what was executed twice."""

import http.client
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.faults.counting import read_journal
from bench.faults.processes import Child, wait_until
from bench.faults.stage import free_ports, who_serves

pytestmark = pytest.mark.live


class Running:
    """An instance with a service time, and what is needed to talk to it."""

    def __init__(self, directory: Path, service_time: str) -> None:
        self.journal = directory / "journal"
        self.port = free_ports(19400)[0]
        self.child = Child(
            [
                sys.executable, "-m", "bench.faults.instance", "--name", "auth-1",
                "--port", str(self.port), "--journal", str(self.journal),
                "--service-time", service_time,
            ],
            directory / "log",
        )  # fmt: skip
        wait_until(lambda: who_serves(self.port) == "auth-1", 20, self.child.tail)

    def lines(self) -> list[str]:
        """The journal so far."""
        return self.journal.read_text().splitlines()


@pytest.fixture
def instances(tmp_path: Path) -> Iterator[list[Running]]:
    """A list whose members are stopped in the end."""
    started: list[Running] = []
    yield started
    for one in started:
        one.child.stop()


def test_what_was_begun_survives_kill_9(tmp_path: Path, instances: list[Running]) -> None:
    """Begun and not ended: that is how the script knows what was in flight."""
    instances.append(instance := Running(tmp_path, "60"))
    with socket.create_connection(("127.0.0.1", instance.port)) as client:
        client.sendall(
            b"POST /v1/sessions?id=s1-1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
        )
        wait_until(lambda: len(instance.lines()) == 1, 5, instance.child.tail)
        instance.child.send(signal.SIGKILL)
        instance.child.process.wait()

    (executed,) = read_journal("auth-1", instance.lines())
    assert (executed.id, executed.method, executed.finished) == ("s1-1", "POST", False)


def test_keep_alive_and_every_execution_is_written(
    tmp_path: Path, instances: list[Running]
) -> None:
    """The same id twice on one connection is two executions; probes are none."""
    instances.append(instance := Running(tmp_path, "0"))
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=5)
    answers = []
    for _ in range(2):
        connection.request("POST", "/v1/sessions?id=s1-1", body=b"{}")
        answer = connection.getresponse()
        answers.append((answer.status, answer.read(), answer.headers["X-Served-By"]))
    connection.close()

    assert answers == [(200, b"s1-1", "auth-1")] * 2
    executed = read_journal("auth-1", instance.lines())
    assert [(one.id, one.finished) for one in executed] == [("s1-1", True)] * 2
