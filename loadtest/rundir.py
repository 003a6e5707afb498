"""The folder of one run: secrets, logs, Postgres's data. Outside the checkout, gone afterwards."""

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from loadtest.account import Account

PREFIX = "evenhand-"
LOCK = "runner.lock"
REMOVAL_SECONDS = 5.0


class RunDir:
    """A new private folder, locked for as long as its runner lives."""

    def __init__(self, account: Account | None, places: Sequence[Path] | None = None) -> None:
        """Make it in the first of `places` that `account` may enter (default: the temporary ones).

        Raises PermissionError when there is none.
        """
        place = _first_enterable(_temporary() if places is None else places, account)
        _sweep(place)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        if account is not None:
            self.path.chmod(0o711)  # `account` goes through to its own data; it cannot list
        self._lock = (self.path / LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        (self.path / "logs").mkdir()

    @property
    def logs(self) -> Path:
        """Where every part writes its NAME.log."""
        return self.path / "logs"

    def secret(self, name: str, text: str) -> Path:
        """Write `text` to a new file that only we can read; gives its path."""
        path = self.path / name
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        return path

    def close(self, keep: bool) -> None:
        """Remove the folder, or leave it for good: a kept one is never swept."""
        if keep:
            (self.path / LOCK).unlink(missing_ok=True)
        else:
            _remove(self.path)
        self._lock.close()


def _temporary() -> Sequence[Path]:
    return [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108 - mkdtemp in it


def _first_enterable(places: Sequence[Path], account: Account | None) -> Path:
    for place in places:
        if place.is_dir() and (account is None or account.may_enter(place)):
            return place
    raise PermissionError(
        errno.EACCES,
        f"none of {', '.join(map(str, places))} can be entered by the user "
        f"'{account.name if account else ''}', as which Postgres runs; set TMPDIR to one that can",
    )


def _sweep(place: Path) -> None:
    """Remove what runners that were killed with SIGKILL left: our folders that nobody locks."""
    for folder in place.glob(f"{PREFIX}*"):
        lock = folder / LOCK
        if folder.is_symlink() or not lock.is_file() or lock.stat().st_uid != os.geteuid():
            continue
        with lock.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # its runner lives
                continue
            _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a tree, patiently: after a SIGKILL, Postgres's children write until they notice."""
    deadline = time.monotonic() + REMOVAL_SECONDS
    while folder.exists():
        try:
            with contextlib.suppress(FileNotFoundError):  # a dying process removed its own file
                shutil.rmtree(folder)
        except OSError as problem:
            if problem.errno != errno.ENOTEMPTY or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
