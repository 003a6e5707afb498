"""Another Python for our own row: the same code and libraries under another build of CPython.

A build with profile-guided optimisation runs the data path with less CPU than a plain one, so an
operator wants to know which Python a figure belongs to. Packages with C code fit any build of the
same version (3.11.2 and 3.11.7 alike), so that the other one borrows ours.
"""

import json
import os
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.children import CHECKOUT, CannotRun

SYSTEM = Path("/usr/bin/python3")
"""Where distributions put theirs (Filesystem Hierarchy Standard 3.0, section 4.4.2)."""
ASKING_SECONDS = 20.0
TELLING = ("--enable-shared", "--enable-optimizations", "--with-lto")
"""Options of CPython's `configure` that matter for its speed."""
QUESTION = """
import json, pathlib, platform, sysconfig
maps = pathlib.Path("/proc/self/maps")
print(json.dumps({
    "version": platform.python_version(),
    "abi": sysconfig.get_config_var("SOABI"),
    "configured": sysconfig.get_config_var("CONFIG_ARGS") or "",
    "flags": sysconfig.get_config_var("PY_CORE_CFLAGS") or "",
    "shared": maps.exists() and "/libpython" in maps.read_text(),
}))
"""
TRIAL = "import balancer.app, httptools, uvloop"


@dataclass(frozen=True)
class Interpreter:
    """A Python that can run the balancer."""

    path: Path
    version: str
    abi: str
    build: str
    """How it says that it was built; distributions do not always say all."""
    origin: str = ""
    """The distribution that it comes from, if it does."""

    @property
    def label(self) -> str:
        """`Python 3.11.2, Debian`, as the rows have it."""
        return f"Python {self.version}" + (f", {self.origin}" if self.origin else "")

    @property
    def environment(self) -> dict[str, str]:
        """What lets it find our libraries."""
        ours = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
        given = os.environ.get("PYTHONPATH")
        return {"PYTHONPATH": os.pathsep.join([*([given] if given else []), *ours])}


def inspect(path: Path) -> Interpreter:
    """Ask a Python what it is. Raises `CannotRun` if it is none."""
    told = json.loads(_run(path, QUESTION))
    return Interpreter(
        path, told["version"], told["abi"],
        build(told["configured"], told["flags"], shared=told["shared"]), _origin(path),
    )  # fmt: skip


def build(configured: str, flags: str, *, shared: bool) -> str:
    """What a build declares of itself, in a few words."""
    named = [one for one in TELLING if one in configured]
    level = [one for one in flags.split() if one.startswith("-O")][-1:]
    used = [one for one in ("-fprofile-use", "-flto") if one in flags]
    place = "libpython loaded as a shared library" if shared else "libpython in the executable"
    declared = " ".join([*named, *level, *used]) or "nothing of it"
    return f"declares {declared}; {place}"


def others(asked: Sequence[str] | None) -> tuple[list[Interpreter], list[str]]:
    """The other interpreters to measure, and why others are left out.

    Those asked for must fit: raises `CannotRun`. By default the system's, if it fits.
    """
    if asked is not None:
        return [fitting(Path(one).absolute()) for one in asked if one != "none"], []
    if not SYSTEM.exists() or SYSTEM.resolve() == Path(sys.executable).resolve():
        return [], []
    try:
        return [fitting(SYSTEM)], []
    except CannotRun as reason:
        return [], [str(reason)]


def fitting(path: Path) -> Interpreter:
    """An interpreter that can use our libraries, tried out. Raises `CannotRun`."""
    found = inspect(path)
    ours = str(sysconfig.get_config_var("SOABI"))
    if found.abi != ours:
        raise CannotRun(
            f"{path} is {found.abi}, and the libraries here are for {ours}; to measure it, make "
            f"it the one that runs this: rm -r .venv; make bench-proxy PYTHON={path}"
        )
    _run(path, TRIAL, found.environment)
    return found


def _run(path: Path, code: str, environment: dict[str, str] | None = None) -> str:
    """What a Python prints. Raises `CannotRun` with its last words."""
    try:
        done = subprocess.run(
            [str(path), "-c", code], cwd=CHECKOUT, env=os.environ | (environment or {}),
            capture_output=True, text=True, timeout=ASKING_SECONDS, check=True,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["nothing"])[-1]
        raise CannotRun(f"{path} cannot run the balancer; it said: {last}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotRun(f"{path} cannot be used as a Python: {error}") from error
    return done.stdout


def _origin(path: Path) -> str:
    """The distribution's name for a Python that lies where distributions put theirs."""
    if path.resolve().parent != SYSTEM.parent:
        return ""
    try:
        return platform.freedesktop_os_release()["NAME"].split()[0]
    except OSError:  # a system without that file has no name to show
        return ""
