"""Open-arrival logins for Locust. Alone, with Locust's web page on http://localhost:8089:

    locust -f loadtest/locustfile.py --host http://127.0.0.1:8080

One Locust user offers `--rate` logins a second (default 1) on a Poisson schedule of its own, and
never waits for answers. So the number of users in the web page, times the rate, is the load that
is *offered*, however slow the service gets: "32 users" are 32 logins a second, and the ramp-up
ramps the rate. (A sum of Poisson streams is a Poisson stream, so nothing is lost.) Response times
in Locust's statistics count from the moment a login was *due*. Logins beyond `--in-flight-cap`
appear as failed requests named `dropped by the generator`: raise the cap or lower the load.

The password of the users `user0001`… is in EVENHAND_LOGIN_PASSWORD; `evenhand up` prints it.
Without a web page, for a minute:

    EVENHAND_LOGIN_PASSWORD=… locust -f loadtest/locustfile.py --host http://127.0.0.1:8080 \
        --headless --users 32 --run-time 60s

`evenhand reproduce` runs this file too, and then drives it over a socket (loadtest/control.py):
there one schedule of `--rate` logins a second is started anew for each phase.
"""

import logging
import os
from argparse import ArgumentParser, Namespace
from typing import Any

import gevent
from gevent.event import Event
from locust import User, events
from locust.env import Environment
from locust.exception import StopUser
from locust.stats import CSV_STATS_INTERVAL_SEC

from loadtest.arrivals import arrivals
from loadtest.connections import Sources
from loadtest.control import VARIABLE, ControlChannel
from loadtest.exchange import DROPPED, OK, Exchange
from loadtest.logins import PATH, Logins
from loadtest.open_arrivals import OpenArrivals

log = logging.getLogger(__name__)
ENV_PASSWORD = "EVENHAND_LOGIN_PASSWORD"  # noqa: S105 - the variable's name, not a password


def add_arguments(parser: ArgumentParser) -> None:
    """Add what describes the traffic; the web page shows the same fields."""
    group = parser.add_argument_group("Evenhand: open arrivals")
    add = group.add_argument
    add("--rate", type=float, default=1.0, help="logins a second offered by each Locust user")
    add("--seed", type=int, default=1, help="the same seed offers the same schedule")
    add("--patience", type=float, default=2.0, help="seconds after which a client gives up")
    add("--in-flight-cap", type=int, default=400, help="logins in flight; more are `dropped`")
    add("--sources", type=int, default=200, help="distinct loopback addresses clients come from")
    add("--login-count", type=int, default=200, help="users: user0001 to this number")


class Traffic:
    """What all Locust users of this process share: clients, the in-flight cap, the recording."""

    def __init__(self, environment: Environment, control: ControlChannel | None) -> None:
        options = environment.parsed_options
        if options is None or not environment.host:
            raise ValueError("give the stack's address: --host http://127.0.0.1:8080")
        self.environment = environment
        self.options: Namespace = options
        self.control = control
        cap, patience = options.in_flight_cap, options.patience
        self.sources = Sources(environment.host, options.sources, cap, patience)
        logins = Logins(self.sources, os.environ.get(ENV_PASSWORD, ""), patience)
        self.open = OpenArrivals(logins.send, self.record, cap)
        self.started = 0

    def record(self, exchange: Exchange) -> None:
        """Tell Locust's statistics, and the runner if there is one."""
        dropped = exchange.outcome == DROPPED
        self.environment.events.request.fire(
            request_type="POST",
            name="dropped by the generator" if dropped else PATH,
            response_time=None if dropped else exchange.latency * 1000,
            response_length=0,
            response=None,
            context={},
            exception=None if exchange.outcome == OK else LoginFailed(exchange.outcome),
        )
        if self.control is not None:
            self.control.tell(exchange.event())

    def offer(self, phase: str, seed: str, stop: Event) -> int:
        """Offer one schedule of `--rate` logins a second until `stop`; return how many."""
        options = self.options
        schedule = arrivals(options.rate, seed, options.login_count, options.sources)
        return self.open.offer(phase, schedule, stop)


class LoginFailed(Exception):
    """A login that did not end in a session; the outcome is its text."""


def arrive(user: User) -> None:
    """A user's only task: offer logins until it is stopped, or do as the runner says."""
    traffic = TRAFFIC.get(user.environment)
    if traffic is None:
        raise StopUser
    if traffic.control is not None:
        obey(traffic, traffic.control)
        raise StopUser  # or Locust would begin this task again
    traffic.started += 1
    worker = getattr(user.environment.runner, "worker_index", 0)
    traffic.offer("free", f"{traffic.options.seed}/{worker}/{traffic.started}", Event())


class Client(User):  # type: ignore[misc]  # Locust's types are not strict, so mypy skips them
    """One stream of open arrivals; under a runner, the one that obeys its commands."""

    tasks = [arrive]  # noqa: RUF012 - the form in which Locust reads a class


TRAFFIC: dict[Environment, Traffic] = {}


def start(environment: Environment, **_: Any) -> None:
    """Make the shared clients before the first user starts; without an address, end with 2."""
    if not os.environ.get(ENV_PASSWORD):
        log.error("%s is not set, so every login will be refused", ENV_PASSWORD)
    fd = os.environ.get(VARIABLE)
    try:
        TRAFFIC[environment] = Traffic(environment, ControlChannel(int(fd)) if fd else None)
    except ValueError as error:
        log.error("%s", error)
        end(environment, 2)


def stop_test(environment: Environment, **_: Any) -> None:
    """Let what is in flight finish, so that a run's last logins are counted too."""
    traffic = TRAFFIC.pop(environment, None)
    if traffic is None:
        return
    traffic.open.settle(traffic.options.patience)
    traffic.sources.close()
    if getattr(traffic.options, "csv_prefix", None):
        # Locust writes its CSV once a second and not at the end: wait for the last full row.
        gevent.sleep(CSV_STATS_INTERVAL_SEC * 1.1)


def obey(traffic: Traffic, control: ControlChannel) -> None:
    """Do what the runner says until it says quit or goes away; then end the Locust process.

    The runner judges from the exchanges. Failed logins are what an outage is made of, so they
    must not become Locust's exit code 1.
    """
    code = 1
    try:
        follow(traffic, control)
        code = 0
    finally:
        traffic.open.settle(traffic.options.patience + 1.0)
        control.close()
        end(traffic.environment, code)


def follow(traffic: Traffic, control: ControlChannel) -> None:
    """The commands, one by one. Raises ValueError on one it does not know."""
    phase, stop = "", Event()
    offering: gevent.Greenlet | None = None
    control.tell({"event": "ready", "sources_bound": traffic.sources.bound})
    try:
        for command in control.commands():
            if command["do"] == "phase":
                phase, stop = command["name"], Event()
                offering = gevent.spawn(traffic.offer, phase, str(traffic.options.seed), stop)
            elif command["do"] == "pause":
                stop.set()
                offered = offering.get() if offering is not None else 0
                control.tell({"event": "paused", "phase": phase, "offered": offered})
            elif command["do"] == "quit":
                return
            else:
                raise ValueError(f"unknown command from the runner: {command}")
    finally:
        stop.set()


def end(environment: Environment, code: int) -> None:
    """End this Locust process with that exit code, from outside the greenlet that asks."""
    environment.process_exit_code = code
    if environment.runner is not None:
        gevent.spawn(environment.runner.quit)


events.init_command_line_parser.add_listener(add_arguments)
events.test_start.add_listener(start)
events.test_stop.add_listener(stop_test)
