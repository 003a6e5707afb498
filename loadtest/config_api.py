"""Changing the balancer's configuration the way anybody would: GET and PUT /config."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import yaml

from loadtest.scenario import Config

PATIENCE = aiohttp.ClientTimeout(total=10.0)


class ConfigRefused(Exception):
    """The balancer did not take a configuration; the text carries its reasons."""


@dataclass(frozen=True)
class Running:
    """A configuration that the balancer runs, and the hash that names it."""

    config: Config
    etag: str
    expected_shares: Mapping[str, float]

    @property
    def hash(self) -> str:
        """The hash without the quotes of an ETag."""
        return self.etag.strip('"')


class ConfigApi:
    """The balancer's admin listener at `url`, with the operator's token."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session = session
        self._url = url
        self._authorization = {"Authorization": f"Bearer {token}"}

    async def get(self) -> Running:
        """What runs now. Raises ConfigRefused, aiohttp.ClientError."""
        text, etag = await self._read("/config")
        table = json.loads((await self._read("/table"))[0])
        shares = {
            endpoint["name"]: endpoint["expected_share"]
            for pool in table["pools"]
            for endpoint in pool["endpoints"]
        }
        return Running(yaml.safe_load(text), etag, shares)

    async def _read(self, path: str) -> tuple[str, str]:
        """What the balancer answers, and its ETag, if it has one. Raises ConfigRefused."""
        async with self._session.get(
            f"{self._url}{path}", headers=self._authorization, timeout=PATIENCE
        ) as answer:
            text = await answer.text()
            if answer.status != 200:
                raise ConfigRefused(f"GET {path} answered {answer.status}: {text}")
            return text, answer.headers.get("ETag", "")

    async def put(self, config: Config, running: Running) -> Running:
        """Replace what runs by `config`, unless somebody else was quicker. Raises ConfigRefused."""
        headers = {**self._authorization, "If-Match": running.etag}
        body = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
        async with self._session.put(
            f"{self._url}/config", data=body.encode(), headers=headers, timeout=PATIENCE
        ) as answer:
            if answer.status != 200:
                raise ConfigRefused(_reasons(answer.status, await answer.text()))
            applied: dict[str, Any] = await answer.json()
        pools = applied["expected_shares"].values()
        shares = {name: share for pool in pools for name, share in pool.items()}
        return Running(config, f'"{applied["hash"]}"', shares)


def _reasons(status: int, text: str) -> str:
    """The balancer's problem document in one line, or its text as it is."""
    meaning = {
        401: "the admin token is wrong",
        403: "the balancer has no admin token configured, so it takes no changes",
        412: "somebody else changed the configuration meanwhile",
        422: "the configuration is not valid",
    }.get(status, f"status {status}")
    return f"PUT /config was refused: {meaning}. {text.strip()}"
