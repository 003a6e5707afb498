"""wrk against the service: closed loops of logins, or of reads with a token."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.auth.stage import LOGIN, PASSWORD, SESSIONS
from bench.children import CannotRun

DONE = """
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "microseconds": %d, "refused": %d, "errors": %d, "p99": %d}\\n',
    summary.requests, summary.duration, e.status,
    e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Seen:
    """What a closed loop of clients got through; a refusal is nothing of that."""

    per_second: float
    requests: int
    errors: int
    p99: float  # milliseconds


def logins(program: Path, port: int, connections: int, seconds: int, folder: Path) -> Seen:
    """Log the one user in, over and over."""
    body = json.dumps({"login": LOGIN, "password": PASSWORD})
    script = f"""
wrk.method = "POST"
wrk.body = '{body}'
wrk.headers["Content-Type"] = "application/json"
"""
    return _wrk(program, script, f"http://127.0.0.1:{port}{SESSIONS}", connections, seconds, folder)


def reads(
    program: Path, port: int, token: str, connections: int, seconds: int, folder: Path
) -> Seen:
    """GET /v1/whoami with a token."""
    script = f'wrk.headers["Authorization"] = "Bearer {token}"\n'
    return _wrk(program, script, f"http://127.0.0.1:{port}/v1/whoami", connections, seconds, folder)


def _wrk(
    program: Path, script: str, url: str, connections: int, seconds: int, folder: Path
) -> Seen:
    path = folder / "wrk.lua"
    path.write_text(script + DONE)
    argv = [
        str(program), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s",
        "-s", str(path), url,
    ]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 60, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            told = json.loads(line.removeprefix("RESULT "))
            good = told["requests"] - told["refused"]
            rate = good / (told["microseconds"] / 1e6)
            return Seen(rate, good, told["errors"], told["p99"] / 1000)
    raise CannotRun(f"wrk gave no result; it said:\n{done.stdout}{done.stderr}")
