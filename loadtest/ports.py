"""Which port each part listens on, and whether all of them are free."""

import errno
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
MOST_INSTANCES = 9  # the ports of ten would begin to run into one another
HIGHEST_OFFSET = 20 + MOST_INSTANCES
HIGHEST_BASE = 65_535 - HIGHEST_OFFSET
SUGGESTION_STEP = 100


class PortsTaken(Exception):
    """Ports that the stack needs are in use. The message names each, its holder and a way out."""


@dataclass(frozen=True)
class Ports:
    """The ports of a stack, all counted from `base`; instances count from 1."""

    base: int

    @property
    def balancer(self) -> int:
        """Where clients come in."""
        return self.base

    @property
    def admin(self) -> int:
        """The balancer's configuration, table, audit trail and metrics."""
        return self.base + 1

    @property
    def monitor(self) -> int:
        """Alerts and targets."""
        return self.base + 2

    @property
    def postgres(self) -> int:
        """The database, unless `DATABASE_URL` names another."""
        return self.base + 3

    def service(self, instance: int) -> int:
        """Where an instance takes logins."""
        return self.base + 10 + instance

    def private(self, instance: int) -> int:
        """An instance's health in detail and its metrics."""
        return self.base + 20 + instance

    def by_part(self, instances: int, own_postgres: bool) -> dict[str, int]:
        """Every port that will be listened on, by what wants it."""
        wanted = {"balancer": self.balancer, "balancer admin": self.admin, "monitor": self.monitor}
        if own_postgres:
            wanted["postgres"] = self.postgres
        for i in range(1, instances + 1):
            wanted[f"auth-{i}"] = self.service(i)
            wanted[f"auth-{i} private"] = self.private(i)
        return wanted


def why_not_free(port: int) -> str | None:
    """None if a listener could bind `port` on loopback now, else what the system says."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do it: connections in TIME_WAIT do not count, listeners do.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError as problem:
            in_use = problem.errno == errno.EADDRINUSE
            return "is in use" if in_use else f"cannot be had: {problem.strerror}"
    return None


def check(ports: Ports, instances: int, own_postgres: bool) -> None:
    """Raise PortsTaken unless every port of the stack is free."""
    wanted = ports.by_part(instances, own_postgres)
    reasons = {port: why_not_free(port) for port in wanted.values()}
    taken = {name: port for name, port in wanted.items() if reasons[port]}
    if not taken:
        return
    holders = who_listens()
    lines = [
        f"port {port}, which {name} needs, {reasons[port]}{holders.get(port, '')}"
        for name, port in taken.items()
    ]
    free = free_base(ports.base, instances, own_postgres)
    if free is not None:
        lines.append(f"Stop what holds it, or use --port-base {free}.")
    raise PortsTaken("\n".join(lines))


def free_base(
    base: int,
    instances: int,
    own_postgres: bool,
    why_not: Callable[[int], str | None] = why_not_free,
) -> int | None:
    """The next base after `base` whose ports are all free; None if there is none."""
    for candidate in _bases_after(base):
        wanted = Ports(candidate).by_part(instances, own_postgres)
        if not any(why_not(port) for port in wanted.values()):
            return candidate
    return None


def _bases_after(base: int) -> Iterator[int]:
    yield from range(base + SUGGESTION_STEP, HIGHEST_BASE + 1, SUGGESTION_STEP)
    yield from range(8080, base, SUGGESTION_STEP)


def who_listens() -> Mapping[int, str]:
    """For each port listened on, ` by pid N (command)` as far as the system lets us see it."""
    import psutil  # only wanted once something has gone wrong

    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # macOS shows this to root alone
        return {}
    found = {}
    for connection in connections:
        pid, where = connection.pid, connection.laddr
        if connection.status != psutil.CONN_LISTEN or pid is None or not where:
            continue
        try:
            command = " ".join(psutil.Process(pid).cmdline())[:80]
        except psutil.Error:  # it has just ended, or is not ours to look at
            command = "command unknown"
        found[where.port] = f" by pid {pid} ({command})"
    return found
