"""The front door: `evenhand VERB …` hands over to the package that does it.

Only this file knows all packages, and it imports each one when its verb is asked for: the load
generator's gevent and the servers' uvloop must never meet in one process.
"""

import difflib
import importlib
import sys
from typing import NamedTuple


class Verb(NamedTuple):
    """One verb: the module whose `main(argv) -> exit code` does it, and a line for the list."""

    module: str
    summary: str


VERBS = {
    "up": Verb("loadtest.up", "start the whole stack on loopback, until Ctrl-C"),
    "reproduce": Verb("loadtest.reproduce", "reproduce an outage, apply its cure, and judge both"),
    "scenarios": Verb("loadtest.catalogue", "list the outages that can be reproduced"),
    "forecast": Verb("balancer.forecast.cli", "what a configuration will do to each endpoint"),
    "top": Verb("balancer.operating.top", "what each endpoint gets and how it fares, live"),
    "admin": Verb("balancer.operating.admin", "read and change a running balancer"),
    "check": Verb("balancer.operating.check", "compare what runs with a file, and audit it"),
    "balancer": Verb("balancer.app", "run the reverse proxy"),
    "authsvc": Verb("authsvc.cli", "run one auth instance; migrate or seed its database"),
    "monitor": Verb("monitor.cli", "scrape, evaluate the alert rules, say what fires"),
}


def usage() -> str:
    """The help page: what this is, every verb, where to begin."""
    width = max(map(len, VERBS))
    lines = [f"  {name:<{width}}  {verb.summary}" for name, verb in VERBS.items()]
    return "\n".join(
        [
            "usage: evenhand VERB [ARGUMENTS]   (evenhand VERB --help tells more)",
            "",
            "A load-balanced auth stack that you break on purpose, to see, explain and prevent",
            "the outage.",
            "",
            *lines,
            "",
            "Begin with `evenhand reproduce`, or with `evenhand up` and a curl.",
        ]
    )


def main() -> int:
    """Run the verb named on the command line; its exit code is ours, 2 for a wrong verb."""
    argv = sys.argv[1:]
    if not argv or argv[0] in ("-h", "--help", "help"):
        sys.stdout.write(usage() + "\n")
        return 0 if argv else 2
    name, *rest = argv
    if name not in VERBS:
        near = difflib.get_close_matches(name, VERBS, n=1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        sys.stderr.write(f"evenhand: no verb '{name}'.{hint} There are: {', '.join(VERBS)}.\n")
        return 2
    code: int = importlib.import_module(VERBS[name].module).main(rest)
    return code


if __name__ == "__main__":
    sys.exit(main())
