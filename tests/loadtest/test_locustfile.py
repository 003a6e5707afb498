"""`locust -f loadtest/locustfile.py` by itself, as a load tester would run it."""

import asyncio
import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loadtest.test_generator import slow_server

pytestmark = [pytest.mark.live, pytest.mark.measures]
ROOT = Path(__file__).resolve().parents[2]


async def locust(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run Locust headless without a runner; its exit code and everything it said."""
    environment = {name: value for name, value in os.environ.items() if "EVENHAND" not in name}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *["-m", "locust", "-f", str(ROOT / "loadtest" / "locustfile.py"), "--headless"],
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**environment, "PYTHONPATH": str(ROOT), "EVENHAND_LOGIN_PASSWORD": "correct horse"},
        cwd=folder,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_locust_alone_offers_its_users_times_the_rate(tmp_path: Path) -> None:
    """20 users at 2 logins a second for 3 s: about 120 requests in Locust's own CSV, and exit 0."""
    async with slow_server() as server:
        code, said = await locust(
            tmp_path,
            *["--host", server.url, "--users", "20", "--spawn-rate", "20", "--rate", "2"],
            *["--run-time", "3s", "--csv", "alone", "--html", "alone.html"],
        )
        seen = await server.stop()

    assert code == 0, said
    with (tmp_path / "alone_stats.csv").open() as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    assert int(rows["/v1/sessions"]["Request Count"]) == seen["requests"]
    assert 70 <= seen["requests"] <= 180
    assert (tmp_path / "alone.html").exists()


async def test_locust_alone_without_an_address_says_what_to_give(tmp_path: Path) -> None:
    """No --host: exit 2 and the option to use, not a traceback for every user."""
    code, said = await locust(tmp_path, "--users", "2", "--run-time", "3s")
    assert code == 2, said
    assert "--host http://127.0.0.1:8080" in said
