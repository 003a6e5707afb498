"""Sticky sessions: the cookie, who may make it, and when its endpoint cannot serve."""

import pytest

from balancer.core.guards import NONE
from balancer.net.sticky import DIGITS, Stay, Stickiness
from tests.balancer.core.endpoints import endpoints
from tests.balancer.core.test_guards import guarded

STICKINESS = Stickiness(b"at", b"s" * 32)


def test_a_cookie_of_ours_names_its_endpoint() -> None:
    """What was signed is read again."""
    value = STICKINESS.sign("auth", "auth-1")

    assert STICKINESS.endpoint("auth", value) == "auth-1"


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"auth-1",
        b"auth-1.",
        b"auth-1." + b"0" * DIGITS,
        b"auth-2." + STICKINESS.sign("auth", "auth-1").rpartition(b".")[2],
        STICKINESS.sign("other", "auth-1"),
        Stickiness(b"at", b"t" * 32).sign("auth", "auth-1"),
        b"\xff." + b"\xff" * DIGITS,
    ],
)
def test_a_cookie_that_is_not_ours_names_nobody(value: bytes | None) -> None:
    """Forged, of another pool, of another secret, or nonsense: a new client, and no error."""
    assert STICKINESS.endpoint("auth", value) is None


def test_a_new_client_is_told_where_it_was_served() -> None:
    """Not readable by scripts, not sent along from other sites, and over TLS only over TLS."""
    members = endpoints(1, 1)
    pool = guarded(*members, guards=NONE)

    plain = Stay(STICKINESS, pool, None, secure=False)
    over_tls = Stay(STICKINESS, pool, None, secure=True)

    value = STICKINESS.sign("auth", "a")
    attributes = b"; Path=/; HttpOnly; SameSite=Lax"
    assert plain.key == b""
    assert plain.line(members[0]) == b"Set-Cookie: at=" + value + attributes + b"\r\n"
    assert over_tls.line(members[0]).endswith(attributes + b"; Secure\r\n")


def test_a_client_that_was_served_where_it_belongs_is_told_nothing() -> None:
    """Its cookie is good as it is."""
    members = endpoints(1, 1)
    stay = Stay(STICKINESS, guarded(*members, guards=NONE), "a", secure=False)

    assert stay.key == b"endpoint:a"
    assert stay.line(members[0]) == b""


def test_a_client_keeps_its_cookie_while_its_endpoint_is_only_full() -> None:
    """Another serves it this once; it belongs where its session is warm."""
    members = endpoints(1, 1)
    stay = Stay(STICKINESS, guarded(*members, guards=NONE), "a", secure=False)

    assert stay.line(members[1]) == b""


def test_a_client_moves_for_good_when_its_endpoint_is_gone() -> None:
    """Down, drained or out of the file: the new endpoint is the one to come back to."""
    members = endpoints(1, 1)
    pool = guarded(*members, guards=NONE)
    members[0].health.up = False
    pool.refresh()
    stay = Stay(STICKINESS, pool, "a", secure=False)

    assert STICKINESS.sign("auth", "b") in stay.line(members[1])
