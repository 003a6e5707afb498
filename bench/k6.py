"""Latency at a fixed arrival rate, by k6: requests come when they are due, answered or not.

A closed loop (wrk, hey, ab) waits for a slow answer before it asks again, and so never sees how
many would have waited behind it. k6 says how many arrivals it could not make in time
(`dropped_iterations`): with more than a few of those the figures tell of k6, not of the proxy.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.children import CannotRun
from bench.login import BODY, PATH
from bench.peers import Program
from bench.wrk import Burst

CALM = {"GOGC": "off", "GOMEMLIMIT": "2GiB"}
"""Go collects no garbage until there are 2 GiB: a run makes less, and its pauses of up to 20 ms
would be taken for the proxy's. Measured without a proxy at 2000/s: p99 3 ms instead of 24."""

SCRIPT = """\
import http from "k6/http";
import { Counter } from "k6/metrics";
const refused = new Counter("refused");
const fields = { headers: { "Content-Type": "application/json", "Host": "bench.test" } };
export const options = {
  discardResponseBodies: true,
  systemTags: [],
  summaryTrendStats: ["med", "p(99)", "max"],
  scenarios: { logins: LOAD },
};
export default function () {
  if (http.post("http://127.0.0.1:PORT" + "PATH", 'BODY', fields).status !== 201) refused.add(1);
}
export function handleSummary(data) { return { "RESULT": JSON.stringify(data.metrics) }; }
"""


@dataclass(frozen=True)
class Latency:
    """What clients saw at a fixed arrival rate, in milliseconds, connecting left out."""

    requests: int
    dropped: int
    """Arrivals that k6 did not make, since it was behind."""
    errors: int
    p50: float
    p99: float


def arrivals(program: Program, port: int, rate: int, seconds: float, directory: Path) -> Latency:
    """POST a login `rate` times a second, whatever becomes of those before."""
    load = {
        "executor": "constant-arrival-rate",
        "rate": rate,
        "timeUnit": "1s",
        "duration": f"{max(1, round(seconds))}s",
        "preAllocatedVUs": 64,
        "maxVUs": 512,
    }
    metrics = _run(program, load, port, seconds, directory)
    return latency(metrics)


def burst(program: Program, port: int, connections: int, seconds: float, directory: Path) -> Burst:
    """A closed loop, for machines without wrk; k6 is soon the bottleneck itself."""
    load = {
        "executor": "constant-vus",
        "vus": connections,
        "duration": f"{max(1, round(seconds))}s",
    }
    metrics = _run(program, load, port, seconds, directory)
    return Burst(latency(metrics).requests, max(1, round(seconds)), latency(metrics).errors)


def latency(metrics: dict[str, Any]) -> Latency:
    """The figures in k6's summary."""

    def counted(name: str) -> int:
        return int(metrics[name]["values"]["count"]) if name in metrics else 0

    taken = metrics["http_req_duration"]["values"]
    return Latency(
        counted("http_reqs"), counted("dropped_iterations"), counted("refused"),
        taken["med"], taken["p(99)"],
    )  # fmt: skip


def _run(
    program: Program, load: dict[str, object], port: int, seconds: float, directory: Path
) -> dict[str, Any]:
    """Run k6 and read its summary. Raises `CannotRun`."""
    script, result = directory / "login.js", directory / "k6.json"
    text = SCRIPT.replace("LOAD", json.dumps(load)).replace("PORT", str(port))
    text = text.replace('"PATH"', json.dumps(PATH)).replace("BODY", BODY.decode())
    script.write_text(text.replace("RESULT", str(result)))
    result.unlink(missing_ok=True)
    argv = [
        str(program.path), "run", "--quiet", "--no-usage-report", "--address", "", str(script)
    ]  # fmt: skip
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=seconds + 60, check=False,
            env=os.environ | CALM | program.environment,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise CannotRun(f"k6 did not end: {error}") from error
    if not result.exists():
        raise CannotRun(f"k6 gave no result; it said:\n{done.stdout}{done.stderr}")
    metrics: dict[str, Any] = json.loads(result.read_text())
    return metrics
