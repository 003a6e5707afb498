"""The run directory: private, locked, removed, and swept when its runner could not."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.account import Account
from loadtest.rundir import LOCK, RunDir

SOMEBODY = Account("somebody", 12_345, 12_345)
CRASHED = """
import os, signal, sys
from pathlib import Path
from loadtest.rundir import RunDir
print(RunDir(None, [Path(sys.argv[1])]).path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_only_we_may_enter_it_and_only_we_may_read_its_secrets(tmp_path: Path) -> None:
    """0700 and 0600, whatever the umask."""
    run = RunDir(None, [tmp_path])

    secret = run.secret("admin.token", "hush")

    assert run.path.stat().st_mode & 0o777 == 0o700
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.read_text() == "hush"
    run.close(keep=False)


def test_a_secret_never_follows_a_file_that_is_already_there(tmp_path: Path) -> None:
    """A link put there by somebody else would send it elsewhere."""
    run = RunDir(None, [tmp_path])
    (run.path / "admin.token").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FileExistsError):
        run.secret("admin.token", "hush")
    run.close(keep=False)


def test_closing_removes_it_and_keeping_leaves_it_to_stay(tmp_path: Path) -> None:
    """A kept one has no lock, so no later run sweeps it."""
    gone, kept = RunDir(None, [tmp_path]), RunDir(None, [tmp_path])

    gone.close(keep=False)
    kept.close(keep=True)
    RunDir(None, [tmp_path]).close(keep=False)

    assert not gone.path.exists()
    assert kept.logs.is_dir()
    assert not (kept.path / LOCK).exists()


def test_a_place_that_the_parts_user_may_not_enter_is_passed_over(tmp_path: Path) -> None:
    """A private TMPDIR is of no use to a Postgres that runs as somebody else."""
    private = tmp_path / "private"
    private.mkdir(0o700)

    with pytest.raises(PermissionError, match=r"none of .* can be entered by the user 'somebody'"):
        RunDir(SOMEBODY, [private])


@pytest.mark.live
def test_what_a_killed_runner_left_is_swept_and_what_a_living_one_uses_is_not(
    tmp_path: Path,
) -> None:
    """The lock tells them apart: the kernel lets go of it however a process ends."""
    living = RunDir(None, [tmp_path])
    crash = subprocess.run(
        [sys.executable, "-c", CRASHED, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert crash.returncode == -signal.SIGKILL, crash.stderr
    left = Path(crash.stdout.strip())
    assert left.is_dir()

    RunDir(None, [tmp_path]).close(keep=False)

    assert not left.exists()
    assert living.path.is_dir()
    living.close(keep=False)


def test_folders_of_other_programs_are_never_swept(tmp_path: Path) -> None:
    """Only what has our lock in it is ours."""
    other = tmp_path / "evenhand-notes"
    other.mkdir()
    (other / "precious").touch()

    RunDir(None, [tmp_path]).close(keep=False)

    assert (other / "precious").exists()
