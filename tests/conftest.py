"""What tests of every package share: a Postgres to put databases into."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

BINARIES = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Cluster:
    """A Postgres of our own; `process` is its postmaster."""

    url: str
    process: subprocess.Popen[bytes]
    folder: Path


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A server's URL: DATABASE_URL if it is set, else a cluster for this session."""
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    cluster = start_cluster()
    yield cluster.url
    stop_cluster(cluster)


def start_cluster() -> Cluster:
    """Make and start a cluster on a free loopback port, with SCRAM and never as root."""
    found = sorted(BINARIES.glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if not found:
        pytest.skip(f"no Postgres under {BINARIES}; set DATABASE_URL to use another")
    folder = Path(tempfile.mkdtemp(prefix="evenhand-test-"))
    owner = {"user": "nobody", "group": "nogroup", "extra_groups": []} if not os.getuid() else {}
    if owner:
        shutil.chown(folder, "nobody", "nogroup")
    password, port = secrets.token_urlsafe(16), free_port()
    secret = folder / "password"
    secret.touch(0o600)
    secret.write_text(password)
    if owner:
        shutil.chown(secret, "nobody", "nogroup")
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "cwd": folder, **owner}
    data = folder / "data"
    subprocess.run(
        [found[-1] / "initdb", "-A", "scram-sha-256", "--pwfile", secret, "-U", "auth"]
        + ["--locale=C", "-E", "UTF8", "--no-sync", "-D", data],
        check=True,
        **silent,
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [found[-1] / "postgres", "-D", data, "-p", str(port), "-k", folder]
            + ["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=60"],
            stderr=log,
            **silent,
        )
    cluster = Cluster(f"postgresql://auth:{password}@127.0.0.1:{port}/postgres", process, folder)
    wait_for_port(cluster, port)
    return cluster


def stop_cluster(cluster: Cluster) -> None:
    """End it at once and remove its files."""
    cluster.process.send_signal(signal.SIGQUIT)
    cluster.process.wait(10)
    shutil.rmtree(cluster.folder)


def wait_for_port(cluster: Cluster, port: int) -> None:
    """Until the cluster takes connections; its log if it ends instead."""
    give_up_at = time.monotonic() + 20
    while True:
        if cluster.process.poll() is not None:
            raise RuntimeError((cluster.folder / "log").read_text())
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.02)
        else:
            return


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
