"""What the script must know of a proxy to write its configuration, start it and reload it."""

import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.faults.scenarios import Kind


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is in one run."""

    directory: Path
    listen: int
    admin: int
    instances: tuple[int, ...]
    """The ports of auth-1, auth-2, …"""
    answer_timeout: float
    """The read deadline, seconds."""


@dataclass(frozen=True, slots=True)
class Product:
    """A proxy, apart from how it is configured."""

    program: str
    """Its name among `bench.peers`; empty for ours."""
    template: Callable[[Layout, int], dict[str, str]]
    """File names and texts for a layout and the weight of auth-1, which reloads change. A text
    has places `@NAME@`, which the variant fills or leaves empty."""
    command: Callable[[str, Layout], list[str]]
    reload_signal: signal.Signals | None
    """What its process gets once the files are renamed into place; None if it watches them."""
    reload_mark: str
    """What its log says once for each reload that it carried out."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One configuration of a proxy: a row of the table."""

    name: str
    product: Product
    note: str
    """What this variant stands for."""
    lines: Mapping[str, str]
    """What is put in the template's places."""
    kinds: frozenset[Kind] = frozenset(("reload", "fault"))
    """The scenarios in which this variant can differ from the ordinary one."""

    def files(self, layout: Layout, weight: int) -> dict[str, str]:
        """The configuration, ready to be written. Raises KeyError for a place unknown."""
        texts = self.product.template(layout, weight)
        unknown = set(self.lines) - {
            place for text in texts.values() for place in re.findall(PLACE, text)
        }
        if unknown:
            raise KeyError(f"{self.name}: the template has no place {', '.join(sorted(unknown))}")
        return {
            name: re.sub(PLACE, lambda found: self.lines.get(found[1], ""), text)
            for name, text in texts.items()
        }


PLACE = r"@([a-z_]+)@"
