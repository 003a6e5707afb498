"""`evenhand check`: whether what runs is what the file says, and how it came to run."""

import argparse
import json
from pathlib import Path
from typing import Any

from balancer import config as configuration
from balancer.operating import trail
from balancer.operating.client import (
    DEFAULT_URL,
    EPILOG,
    AdminClient,
    Answer,
    Refused,
    Unusable,
    complain,
    connect,
    say,
)
from balancer.source import ConfigError
from balancer.table import diff, fingerprint

HELP = """\
Compares the configuration that runs with a file, setting by setting, and audits it: dangerous
settings, the audit trail's chain, and whether the trail's last change is what runs. For a schedule.

  evenhand check --live http://127.0.0.1:8081 --config balancer.yaml
  evenhand check --live http://127.0.0.1:8081 --config balancer.yaml --json
"""

SAME, DIFFERS, ERROR = 0, 1, 2

EXITS = """
exit codes: 0 the same (comments and layout do not count; warnings are told); 1 it differs;
  2 the audit trail is not whole or tells of another configuration, or one of the two could not be
  read
"""


def main(argv: list[str]) -> int:
    """The verb; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="evenhand check",
        description=HELP,
        epilog=EPILOG.replace(", unless --url says so", ", unless --live says so") + EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--live", required=True, metavar="URL", help=f"such as {DEFAULT_URL}")
    parser.add_argument("--config", required=True, type=Path, metavar="FILE")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="a file with your token")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    asked = parser.parse_args(argv)
    try:
        report = compare(connect(asked.live, asked.token_file), asked.config)
    except (Refused, Unusable, ConfigError) as error:
        complain("check", error)
        return ERROR
    say(json.dumps(report) if asked.json else text(report))
    if report["broken"]:
        return ERROR
    return DIFFERS if report["diff"] else SAME


def compare(client: AdminClient, path: Path) -> dict[str, Any]:
    """What differs, and what the audit found. Raises Refused, Unusable, ConfigError."""
    wanted, _ = configuration.load(path)
    running, entries = look(client)
    live = configuration.parse(running.text, client.url)
    difference = diff(wanted, live)
    if wanted != live and not difference:
        difference = ["only the order differs, which counts for some algorithms"]
    return {
        "same": not difference,
        "running": running.hash,
        "diff": difference,
        "warnings": configuration.warnings(live),
        "audited": len(entries),
        "changed_by": _last(entries),
        "broken": _broken(running, entries),
    }


def look(client: AdminClient) -> tuple[Answer, list[dict[str, Any]]]:
    """The running configuration and the audit trail of one moment. Raises Refused, Unusable."""
    for _ in range(3):
        running, entries = client.get("/config"), trail.live_entries(client)
        if client.get("/config").hash == running.hash:
            return running, entries
    raise Unusable(f"{client.url}: the configuration changes faster than it can be read")


def _broken(running: Answer, entries: list[dict[str, Any]]) -> list[str]:
    """What of the account that the balancer gives of itself does not fit together."""
    found = []
    content = fingerprint(running.text)
    if content != running.hash:
        found.append(f"the running text is {content}, and calls itself {running.hash}")
    try:
        trail.head(entries, "audit trail")
    except trail.Broken as error:
        found.append(str(error))
    last = _last(entries)
    if last is None or last["to"] != running.hash:
        found.append(f"{running.hash} runs, of which the audit trail's last change does not tell")
    return found


def _last(entries: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Who made the running configuration run."""
    for one in reversed(entries):
        if one.get("outcome") == "applied":
            return {key: one.get(key) for key in ("seq", "at", "actor", "source", "to")}
    return None


def text(report: dict[str, Any]) -> str:
    """The report for people."""
    last = report["changed_by"]
    by = f"since {last['at']}, by {last['actor']} ({last['source']})" if last else "by nobody"
    lines = [f"running: {report['running']}, {by}"]
    lines += [f"broken: {one}" for one in report["broken"]]
    if report["diff"]:
        lines += ["differs, file → running:", *(f"  {one}" for one in report["diff"])]
    else:
        lines += ["the same as the file"]
    lines += [f"warning: {one}" for one in report["warnings"]]
    return "\n".join(lines)
