"""`evenhand authsvc`: run one instance, or make its database ready."""

import argparse
import asyncio
import ipaddress
import json
import math
import os
import secrets
import sys
from collections.abc import Callable
from typing import NoReturn

from authsvc import lab
from authsvc.connecting import UnreachableError
from authsvc.grants import grant
from authsvc.hashing.acceptable import bad_length
from authsvc.hashing.passwords import Hasher
from authsvc.instance import CannotListenError
from authsvc.logs import log_to_stderr
from authsvc.migrate import MigrationError, latest_version, migrate
from authsvc.names import Alphabet
from authsvc.seed import names, seed
from authsvc.serve import serve
from authsvc.settings import (
    PROFILE_DEFAULTS,
    Abandoned,
    Address,
    Profile,
    SettingsError,
    database_name,
    database_url,
    pepper,
    settings,
)
from authsvc.sources import Network
from authsvc.verbs import calibrate, client, openapi, outbox, user

COULD_NOT_RUN = 2

_ABOUT = """\
The auth service: register, log in, who am I, log out; on PostgreSQL and bcrypt.

environment:
  DATABASE_URL      postgresql://USER:PASSWORD@HOST:PORT/DATABASE
  AUTH_PEPPER       secret of at least 32 bytes, mixed into every password; no default
  AUTH_PEPPER_FILE  a file that holds it, instead
  AUTH_PEPPER_PREVIOUS[_FILE]
                    the pepper before this one: its hashes still open their accounts, and are
                    renewed at login. To change peppers: first give every instance the new one as
                    the previous one, then swap the two, and leave the old one out in the end.
"""

_EXAMPLES = """\
examples:
  export DATABASE_URL=postgresql://auth:SECRET@127.0.0.1:5432/auth
  export AUTH_PEPPER_FILE=/run/secrets/pepper
  evenhand authsvc migrate
  evenhand authsvc seed --users 200
  evenhand authsvc serve --name auth-1 --listen 127.0.0.1:8091 --private 127.0.0.1:8101

then, from another terminal:
  curl -i 127.0.0.1:8091/v1/sessions -H 'Content-Type: application/json' \\
       -d '{"login": "user0001", "password": "the one that seed printed"}'
  curl 127.0.0.1:8101/readyz
"""

_SERVE_EXAMPLES = """\
examples:
  evenhand authsvc serve                      ten logins a second, emulated; a safe queue
  evenhand authsvc serve --hash-queue unbounded --abandoned finish
                                              the service of the outage: nothing is ever given up
  evenhand authsvc serve --profile production --bcrypt-cost 12 --hash-slots 2
  evenhand authsvc serve --name auth-2 --release 2.1.0-rc1 --fault errors=0.3 --fault slow=2
                                              a bad release, to deploy beside a good one

faults (lab only; in /readyz on the private port, auth_lab_switch and the log):
""" + "".join(
    f"  {fault if not rule.value else f'{fault}={rule.value}':<24}{rule.means}\n"
    for fault, rule in lab.RULES.items()
)


def main(argv: list[str]) -> int:
    """Do one verb. 0: done; 2: could not run, and stderr says why and what would do instead."""
    asked = _parser().parse_args(argv)
    verbs: dict[str, Callable[[argparse.Namespace], None]] = {
        "serve": _serve,
        "migrate": _migrate,
        "seed": _seed,
        "outbox": outbox.run,
        "user": user.run,
        "calibrate": calibrate.run,
        "client": client.run,
        "openapi": openapi.run,
    }
    try:
        verbs[asked.verb](asked)
    except SettingsError as error:
        for complaint in error.complaints:
            _complain(asked.verb, complaint)
    except (CannotListenError, UnreachableError, MigrationError) as error:
        _complain(asked.verb, str(error))
    except KeyboardInterrupt:
        return 130
    else:
        return 0
    return COULD_NOT_RUN


def _complain(verb: str, why: str) -> None:
    sys.stderr.write(f"evenhand authsvc {verb}: {why}\n")


def _serve(asked: argparse.Namespace) -> None:
    checked = settings(vars(asked), os.environ)
    log_to_stderr(checked.name, asked.log_level)
    serve(checked)


def _migrate(asked: argparse.Namespace) -> None:
    url = database_url(os.environ)
    applied = asyncio.run(migrate(url, asked.wait))
    if asked.grant_to:
        asyncio.run(grant(url, asked.grant_to, asked.wait))
    if asked.json:
        files = [{"version": m.version, "name": m.name} for m in applied]
        _print(json.dumps({"applied": files, "version": latest_version()}))
        return
    for file in applied:
        _print(f"applied {file.version:04d}_{file.name}")
    _print(f"{database_name(url)} has schema {latest_version()}")


def _seed(asked: argparse.Namespace) -> None:
    if asked.profile == Profile.PRODUCTION:
        raise SettingsError("users with one shared, cheap hash are for the lab only")
    password = asked.password or secrets.token_urlsafe(12)
    if complaint := bad_length(password):
        raise SettingsError(f"--password {complaint.told}")
    url, logins = database_url(os.environ), names(asked.users)
    hasher = Hasher.prepare(pepper(os.environ), asked.bcrypt_cost)
    asyncio.run(seed(url, logins, hasher.create(password), asked.wait))
    if asked.json:
        _print(json.dumps({"users": logins, "password": password}))
        return
    _print(
        f"{len(logins)} users, {logins[0]} to {logins[-1]}, one password (and one hash) for all:"
    )
    _print(password)


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")


def _parser() -> argparse.ArgumentParser:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "evenhand authsvc", description=_ABOUT, epilog=_EXAMPLES, formatter_class=layout
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add_serve_flags(
        verbs.add_parser(
            "serve",
            help="run one instance until SIGTERM",
            epilog=_SERVE_EXAMPLES,
            formatter_class=layout,
        )
    )
    to_migrate = verbs.add_parser("migrate", help="bring the database to this release's schema")
    to_migrate.add_argument(
        "--grant-to", metavar="ROLE", help="the role that instances run as: what it needs, no more"
    )
    to_seed = verbs.add_parser("seed", help="make users to log in with (lab only)")
    to_seed.add_argument("--users", type=_at_least_one, default=200, metavar="N")
    to_seed.add_argument("--password", help="for all of them; made up if left out")
    to_seed.add_argument("--profile", choices=[*Profile], default=Profile.LAB)
    to_seed.add_argument(
        "--bcrypt-cost",
        type=int,
        choices=range(4, 16),
        default=PROFILE_DEFAULTS[Profile.LAB]["bcrypt_cost"],
        metavar="N",
        help="as the instances have it, or the hash takes another time than a dummy",
    )
    outbox.add(verbs)
    user.add(verbs)
    calibrate.add(verbs)
    client.add(verbs)
    openapi.add(verbs)
    for verb in (to_migrate, to_seed):
        verb.add_argument(
            "--wait", type=float, default=10.0, metavar="S", help="for the database; default 10"
        )
        verb.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def _add_serve_flags(serve: argparse.ArgumentParser) -> None:
    flag = serve.add_argument
    flag("--name", help="in X-Served-By; default auth-1")
    flag("--listen", type=_address, metavar="HOST:PORT", help="service; default 127.0.0.1:8091")
    flag("--private", type=_address, metavar="HOST:PORT", help="metrics; default 127.0.0.1:8101")
    flag("--admin", type=_address, metavar="HOST:PORT", help="for operators; loopback; default off")
    flag("--profile", choices=[*Profile], help="default lab")
    flag("--bcrypt-cost", type=int, metavar="N", help="default 4 in the lab, else 10")
    flag(
        "--hash-slots", type=int, metavar="N", help="threads; default 1 in the lab, else the cores"
    )
    flag(
        "--hash-seconds", type=_seconds, metavar="S", help="emulate: a hash holds its slot so long"
    )
    flag(
        "--hash-queue", type=_queue, metavar="N|unbounded", help="hashes that may wait; by formula"
    )
    flag("--abandoned", choices=[*Abandoned], help="work nobody waits for; drop")
    flag("--deadline", type=_seconds, metavar="S", help="how long a client waits; default 2")
    flag("--names", choices=[*Alphabet], help="logins: ascii, or all that RFC 8265 allows; ascii")
    flag(
        "--create-share",
        type=_seconds,
        metavar="S",
        help="of all hashes, for passwords that are made (register, change, reset); 0.1",
    )
    flag("--drain-delay", type=_seconds, metavar="S", help="from unready to closing; 0 in the lab")
    flag(
        "--trust",
        type=_network,
        action="append",
        dest="trusted",
        metavar="NETWORK",
        help="believe X-Forwarded-For from the balancer here, e.g. 127.0.0.1/32; repeatable",
    )
    limits = ("--throttle-pair", "--throttle-account", "--throttle-source")
    told = ("for one login from one source; 5", "for one login; 50", "from one source; 100")
    for name, what in zip(limits, told, strict=True):
        flag(name, type=_limit, metavar="N|off", help=f"failures {what}, more in the lab")
    flag("--release", metavar="NAME", help="what was deployed; in metrics and on the private port")
    flag(
        "--fault",
        type=_fault,
        action="append",
        metavar="NAME[=VALUE]",
        help="break it on purpose (lab only); can be given for each of those below",
    )
    flag("--log-level", choices=["debug", "info", "warning", "error"], default="info")


def _refuse(why: str) -> NoReturn:
    raise argparse.ArgumentTypeError(why)


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError as error:
        _refuse(str(error))


def _fault(text: str) -> tuple[lab.Fault, float]:
    try:
        return lab.parse(text)
    except ValueError as error:
        _refuse(str(error))


def _number(text: str, least: float) -> float:
    try:
        number = float(text)
    except ValueError:
        _refuse(f"'{text}' is not a number")
    if not least <= number < math.inf:
        _refuse(f"{text} is not a number of {least:g} or more")
    return number


def _seconds(text: str) -> float:
    return _number(text, 0)


def _at_least_one(text: str) -> int:
    return int(_number(text, 1))


def _limit(text: str) -> float:
    return math.inf if text == "off" else _at_least_one(text)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        _refuse(f"{error}; for example 10.0.0.5/32")


def _queue(text: str) -> float:
    return math.inf if text == "unbounded" else _at_least_one(text)
