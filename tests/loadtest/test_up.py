"""`evenhand up` from outside: what it gives, what it says, and that it leaves nothing."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from loadtest.ports import LOOPBACK
from tests.loadtest.up_process import Up, assert_nothing_left, run_up
from tests.loadtest.waiting import is_gone, until, unused_base, unused_port

pytestmark = pytest.mark.live

DIRECT = build_opener(ProxyHandler({}))  # no proxy of the environment stands before loopback


def ask(
    url: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], str]:
    """One exchange: status, headers with lower-case names, body; an error status is no error."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(url, body, named, method=method)  # noqa: S310 - our own loopback addresses
    try:
        with DIRECT.open(request, timeout=10) as answer:
            return answer.status, lower(answer.headers), answer.read().decode()
    except HTTPError as answer:
        return answer.code, lower(answer.headers), answer.read().decode()


def lower(headers: Any) -> dict[str, str]:
    """Headers by lower-case name."""
    return {name.lower(): value for name, value in headers.items()}


def log_in(where: dict[str, Any], login: str) -> tuple[int, str]:
    """Log a user in through the balancer: the status, and which instance answered."""
    body = json.dumps({"login": login, "password": where["password"]}).encode()
    url = f"{where['addresses']['balancer']}/v1/sessions"
    status, headers, _ = ask(url, "POST", body, Content_Type="application/json")
    return status, headers["x-served-by"]


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    """One stack for all tests that leave it as it was."""
    with Up("--json") as running:
        running.wait_until_ready()
        yield running


def test_seeded_users_log_in_through_the_balancer_and_reach_every_instance(up: Up) -> None:
    """The first thing that anybody tries."""
    where = up.ready()

    answers = [log_in(where, login) for login in where["users"][:10]]

    assert {status for status, _ in answers} == {201}
    assert {served_by for _, served_by in answers} == {f"auth-{i}" for i in range(1, 6)}


def test_it_says_that_capacity_is_emulated_and_how_the_queue_is_bounded(up: Up) -> None:
    """Nobody is to take a laptop's ten logins a second for a measurement."""
    where = up.ready()

    assert where["profile"] == "lab"
    assert where["emulated"] == {
        "logins_per_second_per_instance": 10.0,
        "hash_seconds": 0.1,
        "hash_queue": 9,
        "abandoned": "drop",
    }


def test_the_configuration_can_be_read_and_changed_with_the_token_alone(up: Up) -> None:
    """The token's file is ours alone; a change that changes nothing is accepted."""
    where = up.ready()
    url = f"{where['addresses']['balancer admin']}/config"
    token_file = Path(where["admin_token_file"])
    token = token_file.read_text()
    _, headers, text = ask(url, Authorization=f"Bearer {token}")

    def put(bearer: str) -> int:
        authorization = f"Bearer {bearer}"
        same = {"If_Match": headers["etag"], "Authorization": authorization}
        return ask(url, "PUT", text.encode(), **same)[0]

    assert token_file.stat().st_mode & 0o777 == 0o600
    assert token not in text
    assert put(token) == 200
    assert put("wrong") == 401
    assert ask(url)[0] == 401


def test_the_monitor_sees_every_target_up_and_nothing_on_fire(up: Up) -> None:
    """A stack that has just started must not look like an outage."""
    monitor = up.ready()["addresses"]["monitor"]

    _, _, alerts = ask(f"{monitor}/api/v1/alerts")
    _, _, targets = ask(f"{monitor}/api/v1/targets")

    firing = [alert for alert in json.loads(alerts)["data"]["alerts"] if alert["state"] == "firing"]
    assert [
        a["labels"]["alertname"] for a in firing if a["labels"]["alertname"] != "Watchdog"
    ] == []
    active = json.loads(targets)["data"]["activeTargets"]
    assert len(active) == 6
    assert {target["health"] for target in active} == {"up"}


def test_no_secret_is_in_a_command_line_or_in_a_log(up: Up) -> None:
    """`ps` and log files are for many eyes."""
    where = up.ready()
    run_dir = Path(where["run_dir"])
    names = ("admin.token", "pepper")
    secrets = [where["password"], *((run_dir / name).read_text() for name in names)]
    commands = " ".join(word for process in up.children() for word in process.cmdline())
    logs = "".join(path.read_text() for path in (run_dir / "logs").iterdir())

    assert not any(secret in commands or secret in logs for secret in secrets)
    assert logs


def test_a_second_up_beside_it_says_what_is_taken_and_by_whom_and_the_way_out(up: Up) -> None:
    """And it does the first one no harm."""
    pids = up.ready()["pids"]

    second = run_up("--port-base", str(up.base))

    assert second.returncode == 2
    assert f"port {up.base}, which balancer needs, is in use by pid {pids['balancer']}" in (
        second.stderr
    )
    assert re.search(r"use --port-base \d+", second.stderr)
    assert log_in(up.ready(), "user0001")[0] == 201


@pytest.mark.parametrize("part", ["postgres", "auth-2", "balancer", "monitor"])
def test_kill_9_of_any_part_stops_everything_and_says_which_one_died(part: str) -> None:
    """The message names the part, its pid and the signal; the exit code is 1."""
    with Up("--json") as up:
        where = up.ready()
        processes = up.children()
        pid = where["pids"][part]

        os.kill(pid, signal.SIGKILL)
        code = up.end()

        assert f"{part} (pid {pid}) was ended by SIGKILL" in up.err
        assert code == 1
        assert_nothing_left(up, processes, Path(where["run_dir"]))


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page is for people with curl")
def test_what_the_page_tells_a_person_to_paste_works_and_ctrl_c_leaves_nothing(
    tmp_path: Path,
) -> None:
    """Every command on the page is run as it stands; then Ctrl-C."""
    with Up() as up:
        up.wait_until_ready()
        commands = re.findall(r"^  ((?:curl|export|evenhand) (?:.*\\\n)*.*)$", up.out, re.MULTILINE)

        answers = shell(tmp_path, commands)

        login, _, top, weight, helped, table, alerts = answers
        assert login.startswith("HTTP/1.1 201")
        assert "pool auth" in top
        assert "pools.auth.endpoints.auth-1.weight: 1 → 16" in weight
        assert "evenhand admin" in helped
        assert len(json.loads(table)["pools"][0]["endpoints"]) == 5
        assert json.loads(alerts)["status"] == "success"
        assert "EMULATED" in up.out

        processes, run_dir = up.children(), run_dir_on(up.out)
        up.process.send_signal(signal.SIGINT)
        assert up.end() == 0
        assert_nothing_left(up, processes, run_dir)


def shell(folder: Path, commands: list[str]) -> list[str]:
    """What each command prints, all run by one shell, which knows our `evenhand`."""
    ours = f'evenhand() {{ "{sys.executable}" -m evenhand "$@"; }}\n'
    end = "=== end of a command ==="
    script = ours + "".join(f"{command}\necho; echo '{end}'\n" for command in commands)
    printed = subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    return [one.strip() for one in printed.split(end)[:-1]]


def run_dir_on(page: str) -> Path:
    """The run directory, from the line about logs."""
    found = re.search(r"(/\S+)/logs", page)
    assert found is not None
    return Path(found[1])


def test_ctrl_c_while_starting_leaves_nothing() -> None:
    """Whatever was up by then is stopped."""
    with Up() as up:
        until(lambda: "initdb done" in up.err, "it has begun to start parts", 30)
        processes = up.children()

        up.process.send_signal(signal.SIGINT)

        assert up.end() == 0
        assert up.out == ""
        assert_nothing_left(up, processes, None)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere children outlive kill -9")
def test_kill_9_of_up_itself_leaves_no_process_and_no_port() -> None:
    """The kernel ends the parts; the run directory is swept by the next run."""
    with Up("--json") as up:
        where = up.ready()
        processes = up.children()

        up.process.kill()
        up.process.wait()

        until(lambda: all(is_gone(process.pid) for process in processes), "no process is left")
        assert_nothing_left(up, processes, None)
        shutil.rmtree(where["run_dir"])


def test_a_port_in_use_is_refused_before_anything_starts() -> None:
    """It names the port and what wanted it; the code says that it could not start."""
    base = unused_base()
    with socket.create_server((LOOPBACK, base + 3)):
        refused = run_up("--port-base", str(base))

    assert refused.returncode == 2
    assert f"port {base + 3}, which postgres needs, is in use by pid {os.getpid()}" in (
        refused.stderr
    )
    assert "done" not in refused.stderr


def test_a_database_url_that_does_not_answer_is_refused_without_its_password() -> None:
    """It names host, port and database."""
    port = unused_port()

    refused = run_up(
        *("--port-base", str(unused_base())),
        DATABASE_URL=f"postgresql://me:hush@127.0.0.1:{port}/auth",
    )

    assert refused.returncode == 2
    assert f"127.0.0.1:{port}/auth" in refused.stderr
    assert "hush" not in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port-base", "70000"], "give one from 1 to 65506"),
        (["--hash-queue", "0"], "give 1 or more, or 'unbounded'"),
        (["--abandoned", "keep"], "'drop', 'finish'"),
        (["--safe", "--unsafe"], "not allowed with"),
    ],
)
def test_a_wrong_option_is_refused_with_the_right_ones(arguments: list[str], said: str) -> None:
    """Exit code 2, as for everything that could not start."""
    refused = run_up(*arguments)

    assert refused.returncode == 2
    assert said in refused.stderr.replace("choose from drop, finish", "'drop', 'finish'")


def test_help_teaches_ports_environment_and_exit_codes() -> None:
    """All that one needs to know before the first run."""
    page = run_up("--help").stdout

    for word in ("--port-base 9080", "DATABASE_URL", "EVENHAND_PG", "exit codes: 0", "EMULATED"):
        assert word.lower() in page.lower()
