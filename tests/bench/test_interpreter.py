"""Other Pythons for our own row."""

import sys
from pathlib import Path

import pytest

from bench import interpreter
from bench.children import CannotRun
from bench.command import chosen
from bench.proxy import rows


def test_what_a_build_declares_is_told_in_its_own_words() -> None:
    """The last -O counts, as it does for the compiler; nothing is guessed."""
    plain = interpreter.build("'--enable-shared'", "-O2 -Wall -O3 -std=c11", shared=True)
    tuned = interpreter.build(
        "'--enable-optimizations' '--with-lto'", "-O3 -fprofile-use -flto", shared=False
    )

    assert plain == "declares --enable-shared -O3; libpython loaded as a shared library"
    assert tuned == (
        "declares --enable-optimizations --with-lto -O3 -fprofile-use -flto; "
        "libpython in the executable"
    )


def test_the_python_that_runs_this_fits() -> None:
    """It can import the balancer, and has the version that it has."""
    found = interpreter.fitting(Path(sys.executable))

    assert found.version == ".".join(map(str, sys.version_info[:3]))


def test_a_python_of_another_version_is_refused(tmp_path: Path) -> None:
    """Libraries with C code would not load; the message says what would work instead."""
    other = tmp_path / "python"
    other.write_text(
        '#!/bin/sh\necho \'{"version": "2.7.0", "abi": "cpython-27", "configured": "", '
        '"flags": "", "shared": false}\'\n'
    )
    other.chmod(0o755)

    with pytest.raises(CannotRun, match="PYTHON="):
        interpreter.fitting(other)


def test_what_is_no_python_is_refused(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(CannotRun, match="missing"):
        interpreter.others([str(tmp_path / "missing")])


def test_the_system_python_can_be_left_out() -> None:
    """`--python none`."""
    assert interpreter.others(["none"]) == ([], [])


def test_rows_of_other_pythons_follow_ours() -> None:
    """The log's row is under the last one; `--only evenhand` means all of ours without a log."""
    debian = interpreter.Interpreter(Path("python3"), "3.11.2", "cpython-311", "", "Debian")

    assert rows(None, [])[:3] == ["evenhand", "evenhand+log", "evenhand+guards"]
    assert rows(None, [debian])[:4] == [
        "evenhand", "evenhand (Python 3.11.2, Debian)",
        "evenhand+log (Python 3.11.2, Debian)", "evenhand+guards (Python 3.11.2, Debian)",
    ]  # fmt: skip
    assert rows(["evenhand"], [debian]) == ["evenhand", "evenhand (Python 3.11.2, Debian)"]
    assert chosen(["nginx buffering on", "nginx"], ["nginx"]) == ["nginx"]
