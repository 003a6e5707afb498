"""The command line: results, exit codes, and messages that a person can act on."""

import asyncio
import json
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from authsvc.cli import main
from tests.authsvc.cluster import free_port
from tests.authsvc.conftest import PASSWORD, PEPPER, query, until_true

FRONT_DOOR = Path(__file__).parents[2] / "evenhand.py"
HUSH = "hush-hush"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The variables that the commands read: a pepper, and a database that is not there."""
    nowhere = f"postgresql://auth:{HUSH}@127.0.0.1:{free_port()}/auth"
    monkeypatch.setenv("DATABASE_URL", nowhere)
    monkeypatch.setenv("AUTH_PEPPER", PEPPER)
    monkeypatch.delenv("AUTH_PEPPER_FILE", raising=False)
    return monkeypatch


@pytest.mark.parametrize("argv", [["--help"], ["serve", "--help"]])
def test_help_teaches_by_example(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Commands that can be copied."""
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 0
    assert "evenhand authsvc serve " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["serve", "--listen", "8091"], "HOST:PORT"),
        (["serve", "--hash-queue", "many"], "not a number"),
        (["serve", "--deadline", "-1"], "0 or more"),
        (["serve", "--fault", "sloth"], "there are errors, fail-fast"),
        (["serve", "--fault", "slow"], "slow=FACTOR"),
        (["serve", "--abandoned", "keep"], "choose from"),
        (["seed", "--users", "0"], "1 or more"),
        (["fly"], "serve"),
    ],
)
def test_a_wrong_flag_is_refused_with_what_would_do(
    argv: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and the flag is named."""
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert word in said
    assert argv[-2:][0] in said


@pytest.mark.parametrize("verb", ["serve", "migrate", "seed"])
def test_a_missing_database_url_is_said(
    verb: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With an example of a good one."""
    environment.delenv("DATABASE_URL")
    assert main([verb]) == 2
    assert "DATABASE_URL is not set; for example postgresql://" in capsys.readouterr().err


def test_production_says_why_it_refuses(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each reason on a line."""
    argv = ["serve", "--profile", "production", "--bcrypt-cost", "4", "--abandoned", "finish"]
    assert main(argv) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert "word of an example" in said[0]
    assert "production needs 10 or more" in said[1]


@pytest.mark.usefixtures("environment")
def test_seeding_production_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """One hash for all is for users that never were."""
    assert main(["seed", "--profile", "production"]) == 2
    assert "lab only" in capsys.readouterr().err


@pytest.mark.live
@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("verb", ["migrate", "seed"])
def test_a_database_that_does_not_answer_is_named(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a bounded wait: host and port, and never the password."""
    began = time.monotonic()
    assert main([verb, "--wait", "0.3"]) == 2
    assert time.monotonic() - began < 5
    said = capsys.readouterr().err
    assert "no answer from the database at 127.0.0.1:" in said
    assert HUSH not in said


@pytest.mark.live
def test_a_wrong_database_password_is_not_waited_for(
    database_url: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Time would not mend it."""
    host = database_url.rpartition("@")[2]
    environment.setenv("DATABASE_URL", f"postgresql://auth:{HUSH}@{host}")
    began = time.monotonic()
    assert main(["migrate"]) == 2
    assert time.monotonic() - began < 5
    said = capsys.readouterr().err
    assert "refuses: password authentication failed" in said
    assert HUSH not in said


@pytest.mark.live
def test_migrate_and_seed_tell_what_they_did(
    empty_database: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In words, and in JSON for machines; both can be done again."""
    environment.setenv("DATABASE_URL", empty_database)
    assert main(["migrate"]) == 0
    assert "applied 0001_users" in capsys.readouterr().out
    assert main(["migrate", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["applied"] == []
    assert main(["seed", "--users", "3"]) == 0
    assert "user0001 to user0003" in capsys.readouterr().out
    assert main(["seed", "--users", "2", "--password", PASSWORD, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "users": ["user0001", "user0002"],
        "password": PASSWORD,
    }
    assert asyncio.run(query(empty_database, "select count(*) from users")) == 3


@dataclass(frozen=True)
class Process:
    """`evenhand authsvc serve`, running."""

    process: asyncio.subprocess.Process
    service: str
    private: str


@asynccontextmanager
async def serving(url: str, *flags: str) -> AsyncIterator[Process]:
    """An instance as it is really run: its own process, uvloop, flags, environment."""
    service, private = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    addresses = ("--listen", service, "--private", private)
    command = (sys.executable, str(FRONT_DOOR), "authsvc", "serve", *addresses, *flags)
    environment: Mapping[str, str] = {
        "DATABASE_URL": url,
        "AUTH_PEPPER": PEPPER,
        "PYTHONPATH": str(FRONT_DOOR.parent),
    }
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield Process(process, f"http://{service}", f"http://{private}")
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def status(client: aiohttp.ClientSession, url: str) -> int:
    """An answer's status; 0 if nobody listens."""
    try:
        async with client.get(url) as response:
            return response.status
    except aiohttp.ClientConnectionError:
        return 0


@pytest.mark.live
async def test_sigterm_in_the_middle_of_a_login(database: str) -> None:
    """Unready at once; the login is answered; exit code 0; and the log is JSON without secrets."""
    flags = ("--hash-seconds", "0.8", "--drain-delay", "0.3")
    async with serving(database, *flags) as auth, aiohttp.ClientSession() as client:

        async def answers(path: str, expected: int) -> None:
            async def asked() -> bool:
                return await status(client, auth.private + path) == expected

            await until_true(asked)

        async def busy() -> bool:
            async with client.get(auth.private + "/metrics") as response:
                return "auth_hash_in_progress 1.0" in await response.text()

        await answers("/readyz", 200)
        body = {"login": "user0001", "password": PASSWORD}
        login = asyncio.create_task(client.post(auth.service + "/v1/sessions", json=body))
        await until_true(busy)
        auth.process.send_signal(signal.SIGTERM)
        await answers("/readyz", 503)
        async with await login as response:
            assert response.status == 201
        _, logged = await auth.process.communicate()
        assert auth.process.returncode == 0
        lines = [json.loads(line) for line in logged.splitlines()]
        assert [line["msg"] for line in lines][-3:] == ["draining", "answered", "stopped"]
        assert PASSWORD.encode() not in logged
        assert PEPPER.encode() not in logged


@pytest.mark.live
async def test_an_instance_may_start_before_its_database() -> None:
    """It stays alive and unready, answers 503 in time, and goes when told."""
    nowhere = f"postgresql://auth:{HUSH}@127.0.0.1:{free_port()}/auth"
    async with serving(nowhere) as auth, aiohttp.ClientSession() as client:

        async def alive() -> bool:
            return await status(client, auth.service + "/livez") == 200

        await until_true(alive)
        assert await status(client, auth.service + "/readyz") == 503
        body = {"login": "user0001", "password": PASSWORD}
        async with client.post(auth.service + "/v1/sessions", json=body) as response:
            assert response.status == 503
            assert (await response.json())["code"] == "database_unavailable"
        auth.process.send_signal(signal.SIGTERM)
        _, logged = await auth.process.communicate()
        assert auth.process.returncode == 0
        assert HUSH.encode() not in logged


@pytest.mark.live
async def test_a_port_in_use_is_named(database: str) -> None:
    """Exit code 2 and one line, not a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        async with serving(database, "--private", address) as auth:
            _, said = await auth.process.communicate()
    assert auth.process.returncode == 2
    assert f"{address} is in use".encode() in said
    assert b"Traceback" not in said
