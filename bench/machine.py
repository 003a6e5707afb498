"""Where and with what a benchmark ran, so that its figures can be placed."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from bench.peers import Program

LIBRARIES = ("uvloop", "httptools", "aiohttp")


def machine() -> dict[str, str]:
    """Processor, cores, memory, kernel and Python."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if os.cpu_count() is None else os.cpu_count()),
        "memory": f"{memory / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
    }


def versions(programs: Mapping[str, Program]) -> dict[str, str]:
    """Versions of the libraries under our data path, and of the programs."""
    ours = {name: version(name) for name in LIBRARIES}
    return ours | {name: one.version for name, one in programs.items()}


def sentence(where: Mapping[str, str], what: Mapping[str, str]) -> str:
    """Both in one line of prose."""
    place = f"{where['processor']}, {where['cores']} cores, {where['memory']}, {where['kernel']}"
    parts = ", ".join(f"{name} {number}" for name, number in what.items())
    return f"{place}; Python {where['python']}, {parts}."


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
