"""The rules of throttling, by calling them."""

import math
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as some

from authsvc.throttling import (
    AT_ONCE,
    FIRST_BLOCK,
    LONGEST_BLOCK,
    Deed,
    Guess,
    Keys,
    Limits,
    Scope,
    block,
    blocks,
    retry_after,
)

LIMITS = Limits(5, 50, 100)
KEYS = Keys.of(b"a secret of some length, for tests", LIMITS)
HOME, AWAY = IPv4Address("192.0.2.1"), IPv4Address("198.51.100.1")
LOGINS = some.text(max_size=70)


@given(some.integers(0, 32_767))
def test_blocks_grow_and_end(before: int) -> None:
    """Twice as long each time, to a quarter of an hour, and never for good."""
    assert FIRST_BLOCK <= block(before) <= LONGEST_BLOCK
    assert block(before + 1) == min(2 * block(before), LONGEST_BLOCK)
    assert blocks()[min(before, len(blocks()) - 1)] == block(before)


def test_the_first_block_is_short() -> None:
    """A person who mistypes waits half a minute."""
    assert [length.total_seconds() for length in blocks()] == [30, 60, 120, 240, 480, 900]


@given(some.floats(0, 1e6))
def test_who_waits_as_told_is_not_too_early(wait: float) -> None:
    """And not a second later than needed."""
    assert wait <= retry_after(wait) <= max(1, wait + 1)


@given(LOGINS, LOGINS, some.ip_addresses(), some.ip_addresses())
def test_counters_meet_only_where_they_must(
    one: str, two: str, here: IPv4Address | IPv6Address, there: IPv4Address | IPv6Address
) -> None:
    """Two attempts share a pair only if they share login and source; likewise each of these."""
    first = {key.scope: key.digest for key in KEYS.of_target(Guess(one, None), here)}
    second = {key.scope: key.digest for key in KEYS.of_target(Guess(two, uuid4()), there)}
    same_place = KEYS.place(here) == KEYS.place(there)
    assert (first[Scope.ACCOUNT] == second[Scope.ACCOUNT]) == (one == two)
    assert (first[Scope.SOURCE] == second[Scope.SOURCE]) == same_place
    assert (first[Scope.PAIR] == second[Scope.PAIR]) == (one == two and same_place)
    assert len({*first.values(), *second.values()} & {KEYS.place(here)}) == 0


@given(LOGINS, some.lists(some.tuples(LOGINS, some.ip_addresses())))
def test_nobody_elsewhere_touches_what_the_owner_is_counted_on(
    login: str, tries: list[tuple[str, IPv4Address | IPv6Address]]
) -> None:
    """At a known source the account's key does not count; what is left is the owner's own."""
    own = {
        key.digest
        for key in KEYS.of_target(Guess(login, uuid4()), HOME)
        if key.scope is not Scope.ACCOUNT
    }
    elsewhere = [(name, at) for name, at in [*tries, (login, AWAY)] if at != HOME]
    for name, at in elsewhere:
        assert not own & {key.digest for key in KEYS.of_target(Guess(name, None), at)}


def test_registrations_do_not_use_up_logins() -> None:
    """Each deed has a counter of its own."""
    targets: list[Guess | Deed] = [*Deed, Guess("ada", None)]
    found = [
        key.digest
        for target in targets
        for key in KEYS.of_target(target, HOME)
        if key.scope is Scope.SOURCE
    ]
    assert len(found) == len(set(found)) == 3


def test_a_source_may_be_many_people() -> None:
    """Its failures count for ten minutes; more may be under way than may fail."""
    rules = {scope: LIMITS.rule(scope) for scope in Scope}
    pair, source = rules[Scope.PAIR], rules[Scope.SOURCE]
    assert pair is not None
    assert (pair.failures, pair.at_once, pair.window) == (5, 5, None)
    assert source is not None
    assert (source.failures, source.at_once) == (100, 100 * AT_ONCE)
    assert source.window == timedelta(minutes=10)


def test_what_is_off_is_not_counted() -> None:
    """In the lab."""
    keys = Keys.of(b"secret", Limits(5, math.inf, math.inf))
    assert [key.scope for key in keys.of_target(Guess("ada", None), HOME)] == [Scope.PAIR]
    assert keys.of_target(Deed.REGISTER, HOME) == []


@pytest.mark.parametrize("shown", [repr(KEYS), repr(KEYS.of_target(Guess("ada", None), HOME))])
def test_nothing_shows_who_is_tried(shown: str) -> None:
    """Neither the key nor what it makes of a login."""
    assert "secret" not in shown.replace("secrets", "")
    assert "ada" not in shown
    assert "digest" not in shown
    assert KEYS.login_hmac("ada") != KEYS.login_hmac("bob")
