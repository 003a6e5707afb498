"""What single settings look like: durations, sizes, addresses, networks, names."""

import ipaddress
import re
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def seconds(value: object) -> float:
    """Seconds from `500ms`, `2s`, `1m` or a plain number of seconds; raises ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    else:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m)", str(value))
        if match is None:
            raise ValueError(f"'{value}' is no duration; write it like 500ms, 2s or 1m")
        number = float(match[1]) * UNITS[match[2]]
    if not 0 < number <= 3600:
        raise ValueError(f"{value} is out of range; durations are above 0 and at most 60m")
    return number


class Address(NamedTuple):
    """Where something listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(value: object) -> Address:
    """An address from `127.0.0.1:8080`, `[::1]:8080` or `name:8080`; raises ValueError."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})", str(value))
    if match is None:
        raise ValueError(f"'{value}' is no address; write host:port, like 127.0.0.1:8080")
    port = int(match[3])
    if not 0 < port <= 65535:
        raise ValueError(f"port {port} does not exist; ports go from 1 to 65535")
    host = match[1] or match[2]
    if match[1]:
        ipaddress.IPv6Address(host)
    return Address(host, port)


def is_loopback(host: str) -> bool:
    """Whether a host to listen on is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


SIZES = {"": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def octets(value: object) -> int:
    """Octets from `32KiB`, `1MiB` or a plain whole number; raises ValueError."""
    match = re.fullmatch(r"(\d{1,9})(KiB|MiB|GiB|)", str(value))
    if match is None or isinstance(value, bool):
        raise ValueError(f"'{value}' is no size; write it like 32KiB, 1MiB or 4096")
    return int(match[1]) * SIZES[match[2]]


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network(value: object) -> Network:
    """A network from `10.0.0.0/8`, `::1/128` or a single address; raises ValueError."""
    if isinstance(value, Network):
        return value
    try:
        return ipaddress.ip_network(str(value))
    except ValueError as error:
        raise ValueError(f"{error}; write a network like 10.0.0.0/8, or one address") from error


Octets = Annotated[int, BeforeValidator(octets)]
Networks = Annotated[
    list[Annotated[Network, BeforeValidator(network)]], Field(default_factory=list)
]
Seconds = Annotated[float, BeforeValidator(seconds)]
At = Annotated[Address, BeforeValidator(address)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:\[\]-]+$")]
