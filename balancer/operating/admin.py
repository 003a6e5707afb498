"""`evenhand admin`: what a running balancer shows and takes, one verb for each."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rich.console import Console

from balancer.operating import accounts, screen, trail
from balancer.operating.client import (
    DONE,
    EPILOG,
    FAILED,
    REFUSED,
    AdminClient,
    Answer,
    Refused,
    Unusable,
    add_options,
    complain,
    connect,
    endpoint_path,
    say,
)
from balancer.operating.top import PIPED_WIDTH
from balancer.source import ConfigError, read_file

HELP = """\
Reads and changes a running balancer through its admin listener.

  evenhand admin table                        what runs and what it does
  evenhand admin config --out balancer.yaml   the running configuration, to be edited
  evenhand admin preview balancer.yaml        the difference and the shares, nothing applied
  evenhand admin apply balancer.yaml          the same, applied
  evenhand admin weight auth auth-1 1         one weight; comments in the text stay
  evenhand admin drain auth auth-2            no new attempts; those under way finish
  evenhand admin eject auth auth-3 --for 5m   out for so long, whatever its probes say
  evenhand admin deny 192.0.2.0/24            close connections from there; allow ends it
  evenhand admin audit --verify               who changed what, and whether the trail is whole

Weights, drains and denied networks become part of the running configuration, not of the file that
the balancer was started with: write them there too, or the next SIGHUP takes them back.
`evenhand check` tells whether the two differ. Ejections end by themselves.
"""

EXITS = """
exit codes: 0 done (or nothing to do); 1 the balancer refused it, or the audit trail is broken;
  2 it could not be asked: a wrong option, no balancer there
"""

LAST = 100
"""Audit entries that are shown unless told otherwise."""

Do = Callable[[AdminClient, argparse.Namespace], int]


def main(argv: list[str]) -> int:
    """The verb; returns its exit code."""
    asked, beyond = parser().parse_known_args(argv)
    if beyond:  # told with the verb's usage; argparse's own words would have the whole command's
        asked.usage.error(f"not understood: {' '.join(beyond)}")
    do: Do = asked.do
    try:
        return do(connect(asked.url, asked.token_file), asked)
    except (Refused, trail.Broken) as error:
        complain("admin", error)
        return REFUSED
    except (Unusable, ConfigError) as error:
        complain("admin", error)
        return FAILED
    except KeyboardInterrupt:
        return FAILED


def parser() -> argparse.ArgumentParser:
    """Every verb with its arguments."""
    whole = argparse.ArgumentParser(
        prog="evenhand admin",
        description=HELP,
        epilog=EPILOG + EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = whole.add_subparsers(metavar="VERB", required=True, title="verbs")

    def verb(name: str, do: Do, summary: str) -> argparse.ArgumentParser:
        one = verbs.add_parser(name, help=summary, description=summary, epilog=EPILOG + EXITS,
                               formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
        add_options(one)
        one.add_argument("--json", action="store_true", help="the answer as one JSON object")
        one.set_defaults(do=do, verb=name, usage=one)
        return one

    verb("table", show_table, "what runs and what it does, once")
    config = verb("config", show_config, "the running configuration's text")
    config.add_argument("--out", type=Path, metavar="FILE", help="write it there, say its hash")
    preview = verb("preview", preview_file, "what a file would change; applies nothing")
    apply = verb("apply", apply_file, "make a file the running configuration")
    for one in (preview, apply):
        one.add_argument("file", type=Path, metavar="FILE")
    changing = [apply, *_endpoint_verbs(verb)]
    for name, do, summary in (
        ("deny", deny, "close connections from a network at once"),
        ("allow", allow, "no longer deny a network"),
    ):
        changing.append(verb(name, do, summary))
        changing[-1].add_argument("network", metavar="NETWORK", help="10.0.0.0/8, or one address")
    for one in changing:
        one.add_argument(
            "--if-match", metavar="HASH", help="only if this configuration runs (see: admin config)"
        )
    audit = verb("audit", show_audit, "who changed what; --verify checks the chain")
    audit.add_argument(
        "--last", type=_count, metavar="N", default=LAST,
        help=f"the last N entries ({LAST}), or `all`",
    )  # fmt: skip
    audit.add_argument(
        "--verify", nargs="?", const=trail.LIVE, metavar="FILE",
        help="verify the chain of a balancer's --audit file; without FILE, that of the running one",
    )  # fmt: skip
    return whole


def _count(text: str) -> int | None:
    """How many; None for all."""
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a whole number from 1 on nor `all`")
    return int(text)


def _endpoint_verbs(
    verb: Callable[[str, Do, str], argparse.ArgumentParser],
) -> list[argparse.ArgumentParser]:
    found = {
        name: verb(name, act, summary)
        for name, summary in (
            ("drain", "no new attempts for an endpoint; those under way finish"),
            ("undrain", "attempts for it again"),
            ("weight", "change an endpoint's weight; 0 takes no new attempts"),
            ("eject", "leave an endpoint out for a while"),
            ("readmit", "end an ejection now"),
        )
    }
    for one in found.values():
        one.add_argument("pool", metavar="POOL")
        one.add_argument("endpoint", metavar="ENDPOINT")
    found["weight"].add_argument("weight", type=int, metavar="N", help="0 to 65535")
    found["eject"].add_argument("--for", dest="duration", default="60s", help="such as 5m (60s)")
    return list(found.values())


def show_table(client: AdminClient, asked: argparse.Namespace) -> int:
    """GET /table."""
    answer = client.get("/table")
    if asked.json:
        return _as_json(answer)
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    plain = screen.is_plain(console)
    console.print(screen.page(answer.document, console.width, plain=plain))
    return DONE


def show_config(client: AdminClient, asked: argparse.Namespace) -> int:
    """GET /config."""
    answer = client.get("/config")
    if asked.out is not None:
        try:
            asked.out.write_text(answer.text, encoding="utf-8")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise Unusable(f"--out {asked.out}: {reason}") from error
    if asked.json:
        say(json.dumps({"hash": answer.hash, "text": answer.text}))
    else:
        say(answer.text if asked.out is None else f"{asked.out}: configuration {answer.hash}")
    return DONE


def preview_file(client: AdminClient, asked: argparse.Namespace) -> int:
    """POST /preview."""
    answer = client.ask("POST", "/preview", read_file(asked.file))
    return _as_json(answer) if asked.json else _say(accounts.preview(answer.document))


def apply_file(client: AdminClient, asked: argparse.Namespace) -> int:
    """PUT /config; without --if-match, whatever runs now is what it replaces."""
    text = read_file(asked.file)
    if_match = asked.if_match or client.get("/config").hash
    return _changed(client.ask("PUT", "/config", text, if_match), asked)


def act(client: AdminClient, asked: argparse.Namespace) -> int:
    """POST /pools/POOL/endpoints/ENDPOINT/VERB."""
    bodies: dict[str, dict[str, Any]] = {
        "weight": {"weight": getattr(asked, "weight", None)},
        "eject": {"for": getattr(asked, "duration", None)},
    }
    path = endpoint_path(asked.pool, asked.endpoint, asked.verb)
    body = json.dumps(bodies[asked.verb]) if asked.verb in bodies else ""
    answer = client.ask("POST", path, body, asked.if_match)
    if asked.verb in ("eject", "readmit") and not asked.json:
        return _say(accounts.ejection(answer.document))
    return _changed(answer, asked)


def deny(client: AdminClient, asked: argparse.Namespace) -> int:
    """POST /deny."""
    body = json.dumps({"network": asked.network})
    return _changed(client.ask("POST", "/deny", body, asked.if_match), asked)


def allow(client: AdminClient, asked: argparse.Namespace) -> int:
    """DELETE /deny."""
    path = f"/deny?{urlencode({'network': asked.network})}"
    return _changed(client.ask("DELETE", path, "", asked.if_match), asked)


def show_audit(client: AdminClient, asked: argparse.Namespace) -> int:
    """GET /audit, or a file; its entries, or whether their chain is whole."""
    if asked.verify is None:
        entries = trail.live_entries(client, asked.last)
        if asked.json:
            say(json.dumps({"entries": entries}))
        else:
            earlier = entries[0]["seq"] - 1 if entries else 0
            lines = [f"({earlier} earlier: --last all)"] if earlier else []
            say("\n".join([*lines, *map(accounts.entry, entries)]))
        return DONE
    head = trail.verified(client, asked.verify)
    say(
        json.dumps(head) if asked.json else f"{head['entries']} entries, head {head['head']}: whole"
    )
    return DONE


def _changed(answer: Answer, asked: argparse.Namespace) -> int:
    return _as_json(answer) if asked.json else _say(accounts.change(answer.document))


def _as_json(answer: Answer) -> int:
    say(json.dumps(answer.document))
    return DONE


def _say(text: str) -> int:
    say(text)
    return DONE
