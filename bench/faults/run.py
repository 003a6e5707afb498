"""One run: the stage is set, the load begins, the script acts on time, the records are counted."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.faults.counting import Asked, Executed, Tally, count
from bench.faults.processes import ROOT, NotReady
from bench.faults.proxies import Layout, Setting
from bench.faults.scenarios import ANSWER_TIMEOUT, SERVICE_TIME, Scenario
from bench.faults.stage import Stage, free_ports
from bench.peers import Program


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent, and how long an instance takes over it."""

    rate: float = 250.0
    """Requests a second."""
    seed: int = 1
    service_time: float = SERVICE_TIME
    patience: float = 8.0
    """Seconds until the client gives up: longer than any proxy takes to fail with retries."""


@dataclass(frozen=True, slots=True)
class Records:
    """Everything that is known of one run."""

    asked: tuple[Asked, ...]
    executed: tuple[Executed, ...]
    reloads: int
    """Reloads that the proxy said it carried out."""
    kills: tuple[float, ...]
    """When instances were killed, on the clock of the records."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a proxy in a scenario."""

    proxy: str
    scenario: str
    reloads: int
    tally: Tally
    missed: tuple[str, ...]
    """The aims, which are ours, that it did not meet."""

    @property
    def is_ours(self) -> bool:
        """Whether this is the balancer that the aims are held against."""
        return self.proxy.startswith("ours")


def record(
    setting: Setting, program: Program | None, scenario: Scenario, load: Load, port_base: int
) -> Records:
    """Play a scenario once. Raises NotReady if something could not be started, or died."""
    ports = free_ports(port_base)
    with TemporaryDirectory(prefix="evenhand-faults-") as name:
        directory = Path(name)
        layout = Layout(directory, ports[0], ports[1], ports[2:], ANSWER_TIMEOUT)
        with Stage(setting, program, layout, load.service_time) as stage:
            asked = _play(stage, scenario, load)
            reloads = stage.wait_for_reloads()
            died = stage.proxy_died()
            if died is not None:
                raise NotReady(
                    f"{setting.name} ended during {scenario.name}; its log ends:\n{died}"
                )
            stage.settle()
            return Records(tuple(asked), tuple(stage.executed()), reloads, tuple(stage.kills))


def _play(stage: Stage, scenario: Scenario, load: Load) -> list[Asked]:
    """Send the load, do each step when its time has come, return what the client wrote down."""
    out = stage.layout.directory / "asked.jsonl"
    command = [
        sys.executable, "-m", "bench.faults.client", "--port", str(stage.layout.listen),
        "--run", f"s{load.seed}", "--rate", str(load.rate), "--seconds", str(scenario.seconds),
        "--seed", str(load.seed), "--patience", str(load.patience), "--out", str(out),
    ]  # fmt: skip
    if not scenario.keep_alive:
        command.append("--new-connections")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as client:
        try:
            begin = _first_line(client)
            for step in scenario.steps:
                time.sleep(max(0.0, begin + step.at - time.monotonic()))
                stage.do(step)
            client.wait(scenario.seconds + load.patience + 30)
        finally:
            client.kill()
    if client.returncode != 0:
        raise NotReady(f"the client ended with {client.returncode}")
    return [Asked(**json.loads(line)) for line in out.read_text().splitlines()]


def _first_line(client: "subprocess.Popen[str]") -> float:
    """When the load begins, on the clock that all processes of a machine share."""
    line = client.stdout.readline() if client.stdout else ""
    if not line:
        raise NotReady("the client could not open its connections to the proxy")
    return float(line)


def row(setting: Setting, scenario: Scenario, rounds: Sequence[Records]) -> Row:
    """Count one or several runs together; ids differ by the seed, so nothing is mixed up."""
    tally = count(
        [one for records in rounds for one in records.asked],
        [one for records in rounds for one in records.executed],
        [one for records in rounds for one in records.kills],
    )
    missed = tuple(aim.text for aim in scenario.aims if not aim.met(tally))
    return Row(setting.name, scenario.name, sum(one.reloads for one in rounds), tally, missed)
