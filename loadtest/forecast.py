"""Asking `evenhand forecast` what an outage will do, before it happens."""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from loadtest.generator import ROOT
from loadtest.scenario import Config
from loadtest.settings import Settings


class ForecastFailed(Exception):
    """`evenhand forecast` could not tell; the text is what it said."""


@dataclass(frozen=True)
class Forecast:
    """Failing share of all logins, share of attempts by endpoint, and all that was said."""

    failing_share: float
    shares: Mapping[str, float]
    said: Mapping[str, Any]


def traffic(settings: Settings, seconds: float) -> dict[str, Any]:
    """The traffic file for a phase of that length, in the words of `evenhand forecast`."""
    return {
        "rate": settings.rate,
        "duration": f"{seconds:g}s",
        "settle": f"{settings.settle(seconds):g}s",
        "patience": f"{settings.patience:g}s",
        "arrivals": "poisson",
        "sources": settings.sources,
        "capacity": {
            "slots": 1,
            "hash_seconds": settings.hash_seconds,
            "queue": settings.hash_queue,
            "abandoned": settings.abandoned,
        },
    }


async def ask(config: Config, settings: Settings, seconds: float, folder: Path) -> Forecast:
    """Forecast a phase on `config`; both files stay in `folder`. Raises ForecastFailed."""
    files = {"outage.yaml": config, "traffic.yaml": traffic(settings, seconds)}
    for name, content in files.items():
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, str(ROOT / "evenhand.py"), "forecast", str(folder / "outage.yaml")],
        *["--traffic", str(folder / "traffic.yaml"), "--json"],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await process.communicate()
    if process.returncode != 0:
        raise ForecastFailed(
            f"evenhand forecast ended with {process.returncode}: "
            f"{complaint.decode(errors='replace').strip()}"
        )
    result = json.loads(said)
    return Forecast(result["failing_share"], result["shares"], result)
