"""`evenhand scenarios`: the outages that can be reproduced, with their settings."""

import argparse
import difflib
import importlib
import json
import pkgutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

from loadtest import scenarios
from loadtest.scenario import Scenario
from loadtest.settings import fields_of


class UnknownScenario(ValueError):
    """No scenario has this name; the text lists those there are."""


def catalogue() -> dict[str, Scenario]:
    """Every scenario in `loadtest/scenarios/`, by name."""
    modules = sorted(module.name for module in pkgutil.iter_modules(scenarios.__path__))
    found = [importlib.import_module(f"loadtest.scenarios.{name}").SCENARIO for name in modules]
    return {scenario.name: scenario for scenario in found}


def find(name: str) -> Scenario:
    """The scenario of that name. Raises UnknownScenario."""
    known = catalogue()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UnknownScenario(f"no scenario '{name}'.{hint} There are: {', '.join(known)}")
    return known[name]


def describe(scenario: Scenario) -> dict[str, Any]:
    """A scenario as `--json` prints it."""
    return {
        "name": scenario.name,
        "title": scenario.title,
        "story": scenario.tell(scenario.settings()),
        "phases": [{"name": phase.name, "deed": phase.deed} for phase in scenario.phases],
        "alerts": list(scenario.alerts),
        "settings": {
            one.name: {"default": one.default, "meaning": one.metadata["meaning"]}
            for one in fields_of(scenario.settings)
        },
    }


def text(scenario: Scenario) -> str:
    """A scenario for a person."""
    lines = [f"{scenario.name}: {scenario.title}", ""]
    lines += textwrap.wrap(
        scenario.tell(scenario.settings()), 88, initial_indent="  ", subsequent_indent="  "
    )
    lines += ["", "  phases"]
    lines += [f"    {phase.name:<12}{phase.deed}" for phase in scenario.phases]
    lines += ["", "  settings (--set NAME=VALUE)"]
    for one in fields_of(scenario.settings):
        lines.append(f"    {one.name:<16}{one.default!s:<9}{one.metadata['meaning']}")
    lines += ["", f"  must fire: {', '.join(scenario.alerts)}"]
    return "\n".join(lines)


def main(argv: Sequence[str]) -> int:
    """The verb; returns its exit code: 0 listed, 2 no such scenario."""
    parser = argparse.ArgumentParser(
        prog="evenhand scenarios",
        description="List the outages that can be reproduced, or tell all about one.",
        epilog="example: evenhand scenarios weight-units",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="tell all about this one")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args(argv)
    try:
        chosen = [find(options.name)] if options.name else list(catalogue().values())
    except UnknownScenario as error:
        sys.stderr.write(f"evenhand scenarios: {error}\n")
        return 2
    if options.json:
        lines = [json.dumps([describe(scenario) for scenario in chosen], indent=2)]
    elif options.name:
        lines = [text(scenario) for scenario in chosen]
    else:
        lines = [f"{scenario.name:<20}{scenario.title}" for scenario in chosen]
        lines += [
            "",
            "evenhand scenarios NAME tells all about one; evenhand reproduce NAME runs it.",
        ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
