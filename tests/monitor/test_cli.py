"""The command line: as a person meets it, in a process of its own where it serves."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import yaml

from monitor.cli import main
from tests.monitor.conftest import Page, eventually

ROOT = Path(__file__).parents[2]
RULES = ["--rules", str(ROOT / "ops" / "alerts")]
TARGET = ["--target", "authsvc/auth-1=http://127.0.0.1:1/metrics"]


def test_rules_are_printed_as_one_file(capsys: pytest.CaptureFixture[str]) -> None:
    """`monitor rules --compress 30` prints YAML with every window divided by 30."""
    code = main(["rules", *RULES, "--compress", "30"])

    printed = capsys.readouterr().out
    rules = [rule for group in yaml.safe_load(printed)["groups"] for rule in group["rules"]]
    spike = next(rule for rule in rules if rule["alert"] == "LoginFailureSpike")
    assert code == 0
    assert spike["for"] == "3s"
    assert "[10s]" in spike["expr"]
    assert "[5m]" not in printed


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        ([], "--target"),
        (["--target", "auth-1"], "is not JOB/INSTANCE=URL, such as authsvc/auth-1=http://"),
        (["--target", "a/b=ftp://x/"], "is not JOB/INSTANCE=URL"),
        ([*TARGET, *TARGET, *RULES], "authsvc/auth-1 is given twice: rename one"),
        ([*TARGET, "--interval", "soon"], "'soon' is not a duration such as 90s"),
        ([*TARGET, "--interval", "0s"], "longer than 0s"),
        ([*TARGET, "--compress", "0"], "not a whole number of at least 1"),
        ([*TARGET, "--listen", "8082"], "is not HOST:PORT"),
        ([*TARGET, "--rules", "/nonexistent"], "no rule files there"),
        ([*TARGET, *RULES, "--compress", "600"], "shorter than two scrapes"),
        ([*TARGET, *RULES, "--retention", "1m"], "longer than samples are kept"),
        (["rules", *RULES, "--compress", "9999999"], "--compress 9999999: "),
    ],
)
def test_wrong_input_is_explained(
    capsys: pytest.CaptureFixture[str], argv: list[str], complaint: str
) -> None:
    """Exit code 2, and a message that says what would do."""
    try:
        code = main(argv)
    except SystemExit as exit_:
        code = int(exit_.code or 0)

    assert code == 2
    assert complaint in " ".join(capsys.readouterr().err.split())


@pytest.mark.live
def test_a_port_in_use_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """A second monitor beside the first one gets a message, not a traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        code = main([*TARGET, *RULES, "--listen", f"127.0.0.1:{port}"])

    assert code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.live
async def test_it_serves_until_a_signal(page: Page, client: aiohttp.ClientSession) -> None:
    """`evenhand monitor` becomes ready, shows the watchdog firing, and ends with 0 on SIGTERM."""
    base = f"http://127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "evenhand.py"), "monitor", *RULES,
        "--listen", base.removeprefix("http://"), "--target", f"authsvc/auth-1={page.url}",
        "--compress", "30", "--interval", "200ms",
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip

    async def firing() -> list[str]:
        try:
            async with client.get(f"{base}/readyz") as ready:
                if ready.status != 200:
                    return []
            async with client.get(f"{base}/api/v1/alerts") as answer:
                alerts = (await answer.json())["data"]["alerts"]
        except aiohttp.ClientConnectionError:
            return []
        return [alert["labels"]["alertname"] for alert in alerts]

    try:
        names = await eventually(firing)
        process.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(process.communicate(), 10)
    finally:
        if process.returncode is None:
            process.kill()

    assert names == ["Watchdog"]
    assert process.returncode == 0
    assert b"Traceback" not in errors
