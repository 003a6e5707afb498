"""compose.yaml read as Compose reads it, and its services turned into plain processes on loopback.

Each container has all ports to itself; here every (service, port) gets a free one of its own, and
addresses are rewritten to match: `0.0.0.0:P` and `127.0.0.1:P` mean the service itself, `NAME:P`
another one. Commands, entry points, health checks, dependencies and the files in the image stay
what compose.yaml and the Dockerfile say.
"""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from loadtest.blueprint import CHECKOUT
from loadtest.parts import Part, Ready
from loadtest.ports import LOOPBACK, why_not_free

COMPOSE = CHECKOUT / "compose.yaml"
DOCKERFILE = CHECKOUT / "Dockerfile"
VARIABLE = re.compile(r"\$\{(\w+)(:\?[^}]*)?\}")


def compose() -> dict[str, Any]:
    """The file as it stands, with anchors and merges resolved."""
    document: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return document


def interpolated(text: str, values: Mapping[str, str]) -> str:
    """Compose's `${NAME}` and `${NAME:?message}`. Raises KeyError for a value that is not there."""
    return VARIABLE.sub(lambda match: values[match[1]], text)


def instructions(keyword: str) -> list[str]:
    """What follows every `keyword` of the Dockerfile's last stage, continued lines joined."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    last_stage = text[text.rindex("\nFROM ") :]
    return re.findall(rf"^{keyword} (.+)$", last_stage, re.MULTILINE)


def image(folder: Path) -> Path:
    """The image's working directory, made of what the Dockerfile copies and nothing else."""
    folder.mkdir()
    for line in instructions("COPY"):
        if line.startswith("--from="):
            continue
        *sources, target = line.split()
        for source in sources:
            if (CHECKOUT / source).is_dir():
                shutil.copytree(CHECKOUT / source, folder / target, dirs_exist_ok=True)
            else:
                shutil.copy(CHECKOUT / source, folder / target)
    return folder


class Processes:
    """The services of compose.yaml as parts, next to a Postgres that stands for its own."""

    def __init__(self, folder: Path, postgres_port: int, values: Mapping[str, str]) -> None:
        self._services = compose()["services"]
        self._values = values
        self._folder = folder
        self._ports = {("postgres", 5432): postgres_port}
        self._candidates = iter(range(postgres_port + 1, 65_536))
        self.directory = image(folder / "image")

    def stages(self) -> list[list[Part]]:
        """Every service that is built from the Dockerfile, in the order of the file."""
        names = [name for name, service in self._services.items() if "build" in service]
        return [[self._part(name)] for name in names]

    def port(self, service: str, port: int) -> int:
        """The free port that stands for a container's."""
        if (service, port) not in self._ports:
            self._ports[service, port] = next(p for p in self._candidates if not why_not_free(p))
        return self._ports[service, port]

    def rewritten(self, service: str, text: str) -> str:
        """`text` with values filled in and every address on loopback."""

        def here(match: re.Match[str]) -> str:
            owner = service if match[1] in ("0.0.0.0", LOOPBACK) else match[1]  # noqa: S104 - only read
            return f"{LOOPBACK}:{self.port(owner, int(match[2]))}"

        hosts = "|".join(map(re.escape, ["0.0.0.0", LOOPBACK, *self._services]))  # noqa: S104 - likewise
        return re.sub(rf"\b({hosts}):(\d+)", here, interpolated(text, self._values))

    def _part(self, name: str) -> Part:
        service = self._services[name]
        given = service.get("environment", {}).items()
        secrets = {key: self.rewritten(name, value or f"${{{key}}}") for key, value in given}
        is_job = "healthcheck" not in service
        return Part(
            name,
            self._argv(name),
            {"PATH": os.defpath, "PYTHONPATH": str(self.directory), "HOME": "/tmp"} | secrets,  # noqa: S108 - as in the image
            None if is_job else self._health(name),
            after=tuple(one for one in service.get("depends_on", {}) if one != "postgres"),
        )

    def _argv(self, name: str) -> tuple[str, ...]:
        """Entry point and command, with the container's folders mapped to ours."""
        service = self._services[name]
        entry = service.get("entrypoint") or json.loads(instructions("ENTRYPOINT")[0])
        words = self._with_web_port(name, [*entry, *service["command"]])
        program, *arguments = [self.rewritten(name, word) for word in words]
        mounts = self._mounts(name)
        for target, source in mounts.items():
            arguments = [word.replace(target, source) for word in arguments]
        runs = [sys.executable] if program == "python" else [sys.executable, "-m", program]
        return (*runs, *arguments)

    def _with_web_port(self, name: str, words: list[str]) -> list[str]:
        """Locust takes host and port apart."""
        for i, word in enumerate(words[:-1]):
            if word == "--web-host":
                words[i + 1] = LOOPBACK
            elif word == "--web-port":
                words[i + 1] = str(self.port(name, int(words[i + 1])))
        return words

    def _mounts(self, name: str) -> dict[str, str]:
        """Where each folder that is mounted into the service lies here: copies, rewritten."""
        found = {}
        for volume in self._services[name].get("volumes", []):
            source, target, *_ = volume.split(":")
            copy = self._folder / name / target.strip("/")
            copy.mkdir(parents=True)
            found[target] = str(copy)
            if source.startswith("./"):
                for file in (CHECKOUT / source).iterdir():
                    (copy / file.name).write_text(self.rewritten(name, file.read_text()))
        return found

    def _health(self, name: str) -> Ready:
        """The service's own health check, run as Docker runs it."""
        kind, program, *arguments = self._services[name]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "python")
        argv = [self.rewritten(name, word) for word in arguments]

        async def ready() -> bool:
            check = await asyncio.create_subprocess_exec(
                sys.executable,
                *argv,
                stderr=asyncio.subprocess.DEVNULL,
            )
            return await check.wait() == 0

        return ready
