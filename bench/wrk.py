"""Peak throughput, by wrk: as many requests as a number of connections can carry, one each."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.children import CannotRun
from bench.login import BODY, PATH

SCRIPT = """\
wrk.method = "POST"
wrk.path = "{path}"
wrk.body = '{body}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Host"] = "bench.test"
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'RESULT {{"requests": %d, "microseconds": %d, "errors": %d}}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Burst:
    """What a closed loop of clients got through."""

    requests: int
    seconds: float
    errors: int
    """Connections that failed, timeouts, and answers that were not a login's 201."""


def burst(program: Path, port: int, connections: int, seconds: float, directory: Path) -> Burst:
    """POST logins over `connections` for whole `seconds`. Raises `CannotRun`."""
    script = directory / "login.lua"
    script.write_text(SCRIPT.format(path=PATH, body=BODY.decode()))
    argv = [
        str(program), "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s",
        "-s", str(script), f"http://127.0.0.1:{port}",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=seconds + 30, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CannotRun(f"wrk did not end: {error}") from error
    return parse(done.stdout, done.stderr)


def parse(output: str, complaint: str = "") -> Burst:
    """The line that our script prints. Raises `CannotRun` if it is not there."""
    for line in output.splitlines():
        if line.startswith("RESULT "):
            told = json.loads(line.removeprefix("RESULT "))
            return Burst(told["requests"], told["microseconds"] / 1e6, told["errors"])
    raise CannotRun(f"wrk gave no result; it said:\n{output}{complaint}")
