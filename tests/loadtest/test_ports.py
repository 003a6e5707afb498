"""Ports: the plan, the check before anything starts, the way out that is offered."""

import os
import pwd
import socket
from collections.abc import Iterator

import pytest

from loadtest.ports import LOOPBACK, Ports, PortsTaken, check, free_base, why_not_free
from tests.loadtest.waiting import unused_base


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]


def test_no_two_parts_want_the_same_port() -> None:
    """With as many instances as are allowed."""
    wanted = Ports(8080).by_part(9, own_postgres=True)

    assert len(set(wanted.values())) == len(wanted) == 4 + 2 * 9


def test_the_ports_are_those_that_the_documentation_promises() -> None:
    """Scripts and people count from the base."""
    wanted = Ports(8080).by_part(5, own_postgres=True)

    assert wanted["balancer"] == 8080
    assert wanted["balancer admin"] == 8081
    assert wanted["monitor"] == 8082
    assert wanted["postgres"] == 8083
    assert (wanted["auth-1"], wanted["auth-5"]) == (8091, 8095)
    assert (wanted["auth-1 private"], wanted["auth-5 private"]) == (8101, 8105)


def test_a_database_of_your_own_needs_no_port_of_ours() -> None:
    """DATABASE_URL: whatever is on B+3 may stay there."""
    assert "postgres" not in Ports(8080).by_part(5, own_postgres=False)


def test_a_free_base_is_one_where_every_port_is_free() -> None:
    """One taken port rules a base out, wherever in the plan it is."""
    in_use = {8180, 8283, 8395, 8505}

    found = free_base(8080, 5, True, lambda port: "is in use" if port in in_use else None)

    assert found == 8580


def test_no_free_base_is_no_suggestion() -> None:
    """Rather none than a wrong one."""
    assert free_base(8080, 5, True, lambda port: "is in use") is None


@pytest.mark.live
def test_a_listener_makes_a_port_not_free_and_its_end_frees_it(taken: int) -> None:
    """Asked by binding, as the part itself will."""
    assert why_not_free(taken) == "is in use"
    assert why_not_free(unused_base()) is None


@pytest.mark.live
def test_a_taken_port_is_named_with_who_wants_it_who_has_it_and_a_way_out(taken: int) -> None:
    """Everything that a person needs to act."""
    with pytest.raises(PortsTaken) as refusal:
        check(Ports(taken - 2), 1, own_postgres=False)

    message = str(refusal.value)
    assert f"port {taken}, which monitor needs, is in use by pid {os.getpid()} (" in message
    suggested = int(message.partition("--port-base ")[2].rstrip("."))
    check(Ports(suggested), 1, own_postgres=False)


@pytest.fixture
def not_root() -> Iterator[None]:
    """Nobody's rights for a while, where the tests run as root: root may bind any port."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    yield
    if root:
        os.seteuid(0)


@pytest.mark.live
@pytest.mark.usefixtures("not_root")
def test_a_port_for_root_alone_is_refused_with_the_systems_reason() -> None:
    """A base below 1024."""
    with pytest.raises(PortsTaken, match=r"port 81, .* cannot be had: Permission denied"):
        check(Ports(81), 1, own_postgres=False)


@pytest.mark.live
def test_free_ports_pass() -> None:
    """And the check itself leaves none of them taken."""
    ports = Ports(unused_base())

    check(ports, 5, own_postgres=True)

    check(ports, 5, own_postgres=True)
