"""What the counters in the database promise."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from authsvc.metrics import Metrics
from authsvc.origin import Origin
from authsvc.settings import Profile
from authsvc.store.database import Database
from authsvc.store.throttles import Place, Refused, Throttles
from authsvc.throttling import Deed, Guess, Key, Keys, Limits, Scope
from tests.authsvc.conftest import query

pytestmark = pytest.mark.live
KEYS = Keys.of(b"a secret of some length, for tests", Limits(3, 6, 5))
HOME = IPv4Address("192.0.2.1")
ORIGIN = Origin("a request", "auth-1", source=HOME)


def source(number: int) -> IPv4Address:
    """One of many."""
    return IPv4Address("198.51.100.0") + number


@dataclass
class Guesser:
    """Somebody who tries one login, by default one that nobody has."""

    store: Throttles
    url: str
    login: str
    user_id: UUID | None = None

    def keys(self, at: IPv4Address = HOME) -> list[Key]:
        """What is counted."""
        return KEYS.of_target(Guess(self.login, self.user_id), at)

    def place(self, at: IPv4Address = HOME) -> Place:
        """Where they are."""
        return Place(self.user_id, KEYS.place(at))

    async def claim(self, at: IPv4Address = HOME) -> list[Key] | Refused:
        """Ask to be let in."""
        return await self.store.claim(self.keys(at), self.place(at))

    async def let_in(self, at: IPv4Address = HOME) -> list[Key]:
        """As `claim`, where it must be granted."""
        claimed = await self.claim(at)
        assert not isinstance(claimed, Refused)
        return claimed

    async def wrong(self, at: IPv4Address = HOME) -> list[Scope]:
        """A guess that fails; the scopes that it blocks."""
        return await self.store.count(ORIGIN, await self.let_in(at), self.place(at))

    async def right(self, at: IPv4Address = HOME) -> None:
        """A guess that is right."""
        await self.store.clear(await self.let_in(at), self.place(at))

    async def waits(self, at: IPv4Address = HOME) -> float:
        """How long they are told to wait; they must be."""
        refused = await self.claim(at)
        assert isinstance(refused, Refused)
        return refused.wait

    async def later(self, interval: str) -> None:
        """Let time pass for everything that is counted."""
        shift = ", ".join(f"{c} = {c} - $1::text::interval" for c in TIMES)
        await query(self.url, f"update throttles set {shift}", interval)  # noqa: S608 # constants


TIMES = ("first_at", "last_at", "blocked_until")


@pytest.fixture
async def store(database: str) -> AsyncIterator[Throttles]:
    """The module's database, with nothing counted yet."""
    await query(database, "delete from throttles")
    pool = Database(database, "test", Metrics(Profile.LAB, 4))
    await pool.open()
    yield Throttles(pool)
    await pool.close()


@pytest.fixture
def eve(store: Throttles, database: str) -> Guesser:
    """Tries a login that nobody has."""
    return Guesser(store, database, f"nobody-{uuid4().hex[:8]}")


@pytest.fixture
async def ada(store: Throttles, database: str) -> Guesser:
    """Has an account."""
    await query(database, "delete from known_sources")
    user = await query(database, "select id from users where login = 'user0001'")
    return Guesser(store, database, "user0001", user)


async def test_a_pair_is_blocked_after_its_limit_and_each_time_longer(eve: Guesser) -> None:
    """One more attempt after each block; a wrong one doubles the next, to a quarter of an hour."""
    assert [await eve.wrong() for _ in range(3)] == [[], [], [Scope.PAIR]]
    for seconds in (30, 60, 120, 240, 480, 900, 900):
        assert await eve.waits() == pytest.approx(seconds, abs=5)
        await eve.later(f"{seconds} seconds")
        assert Scope.PAIR in await eve.wrong()
        await query(eve.url, "update throttles set blocked_until = null where account = key")
        await query(eve.url, "update throttles set failures = 0, attempts = 0 where account = key")


async def test_what_is_under_way_counts(eve: Guesser) -> None:
    """The limit cannot be passed by not waiting for answers; being refused begins no block."""
    claims = [await eve.let_in() for _ in range(3)]
    assert await eve.waits() == 0
    await eve.store.give_back(claims[0])
    await eve.let_in()
    assert await eve.waits() == 0


async def test_many_at_once_are_let_in_to_the_limit(eve: Guesser) -> None:
    """Also the very first ones, when no counter is there yet."""
    claims = await asyncio.gather(*(eve.claim() for _ in range(60)))
    assert sum(not isinstance(claim, Refused) for claim in claims) == 3


async def test_a_refused_attempt_is_counted_nowhere(eve: Guesser) -> None:
    """All keys or none: a blocked pair does not use up the account or the source."""
    for _ in range(3):
        await eve.wrong()
    for _ in range(20):
        await eve.waits()
    counted = "select array_agg(attempts order by attempts) from throttles"
    assert await query(eve.url, counted) == [3, 3, 3]


STEPS = some.one_of(
    some.just("claim"),
    some.sampled_from(["count", "clear", "give_back"]),
    some.sampled_from(["10 seconds", "30 seconds", "20 minutes"]),
)


@given(some.lists(STEPS, max_size=25))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_happens_nobody_passes_the_limit_or_waits_for_good(
    eve: Guesser, steps: list[str]
) -> None:
    """In any order of claims and endings: in a row, no more are let in than the limit and one for
    each block; and who waits as told gets in once nothing is under way."""
    await query(eve.url, "delete from throttles")
    under_way, wrong, blocks = 0, 0, 0
    pair = eve.keys()[:1]
    for step in steps:
        if step == "claim":
            under_way += not isinstance(await eve.store.claim(pair, eve.place()), Refused)
        elif step.endswith(("seconds", "minutes")):
            await eve.later(step)
        elif under_way:
            under_way -= 1
            if step == "count":
                blocks += len(await eve.store.count(ORIGIN, pair, eve.place()))
                wrong += 1
            elif step == "clear":
                await eve.store.clear(pair, eve.place())
                wrong, blocks = 0, 0
            else:
                await eve.store.give_back(pair)
        assert wrong + under_way <= 3 + blocks or "20 minutes" in steps
        kept = await query(eve.url, "select attempts >= failures from throttles")
        assert kept is not False
    for _ in range(under_way):
        await eve.store.give_back(pair)
    refused = await eve.store.claim(pair, eve.place())
    if isinstance(refused, Refused):
        assert 0 < refused.wait <= 900
        await eve.later(f"{refused.wait + 1} seconds")
        assert not isinstance(await eve.store.claim(pair, eve.place()), Refused)


async def test_an_account_is_blocked_over_all_sources(eve: Guesser) -> None:
    """Whether or not it exists."""
    for number in range(5):
        assert await eve.wrong(source(number)) == []
    assert await eve.wrong(source(5)) == [Scope.ACCOUNT]
    assert await eve.waits(source(6)) == pytest.approx(30, abs=5)


async def test_a_source_is_blocked_over_all_accounts(store: Throttles, database: str) -> None:
    """And begins anew after the block, since it may be many people."""
    crowd = [Guesser(store, database, f"name{number}") for number in range(20)]
    assert [await one.wrong() for one in crowd[:5]] == [[], [], [], [], [Scope.SOURCE]]
    assert await crowd[5].waits() == pytest.approx(30, abs=5)
    await crowd[5].later("30 seconds")
    assert [await one.wrong() for one in crowd[6:11]] == [[], [], [], [], [Scope.SOURCE]]
    assert await crowd[11].waits() == pytest.approx(60, abs=5)


async def test_failures_of_a_source_count_for_ten_minutes(store: Throttles, database: str) -> None:
    """A few mistakes an hour are no attack."""
    crowd = [Guesser(store, database, f"name{number}") for number in range(8)]
    for one in crowd[:4]:
        assert await one.wrong() == []
    await crowd[4].later("11 minutes")
    assert [await one.wrong() for one in crowd[4:]] == [[], [], [], []]


async def test_a_right_password_begins_anew_but_not_for_its_source(ada: Guesser) -> None:
    """Or an attacker would log in with an account of their own now and then."""
    crowd = [Guesser(ada.store, ada.url, f"name{number}") for number in range(5)]
    for one in crowd[:4]:
        await one.wrong()
    await ada.right()
    await ada.right()
    assert await crowd[4].wrong() == [Scope.SOURCE]


async def test_a_right_password_ends_the_block_that_began_meanwhile(ada: Guesser) -> None:
    """It was let in before, and it shows who is there."""
    claimed = await ada.let_in()
    for _ in range(2):
        assert await ada.wrong() == []
    await ada.store.clear(claimed, ada.place())
    assert [Scope.PAIR in await ada.wrong() for _ in range(3)] == [False, False, True]


async def test_nobody_elsewhere_keeps_the_owner_out(ada: Guesser) -> None:
    """Where the account has logged in from, others' guesses at it do not count."""
    await ada.right()
    for number in range(6):
        await ada.wrong(source(number))
    assert await ada.waits(source(7)) > 0
    await ada.right()
    await ada.right()
    assert await ada.waits(source(7)) > 0
    for _ in range(3):
        await ada.wrong()
    assert await ada.waits() == pytest.approx(30, abs=5)


async def test_a_source_is_noted_once_a_day(ada: Guesser) -> None:
    """A write for each login would be one too many; after ninety days it is unknown again."""
    noted = "select last_at from known_sources"
    await ada.right()
    first = await query(ada.url, noted)
    await ada.right()
    assert await query(ada.url, noted) == first
    await query(ada.url, "update known_sources set last_at = now() - interval '25 hours'")
    await ada.right()
    assert await query(ada.url, noted) > first
    await query(ada.url, "update known_sources set last_at = now() - interval '91 days'")
    assert await ada.store.forget() == 1
    assert await query(ada.url, noted) is None


async def test_all_is_forgotten_after_a_quiet_day(eve: Guesser) -> None:
    """Block lengths too; and rows are deleted."""
    for _ in range(3):
        await eve.wrong()
    await eve.later("25 hours")
    assert [await eve.wrong() for _ in range(3)] == [[], [], [Scope.PAIR]]
    assert await eve.waits() == pytest.approx(30, abs=5)
    assert await eve.store.forget() == 0
    await eve.later("25 hours")
    assert await eve.store.forget() == 3
    assert await query(eve.url, "select count(*) from throttles") == 0


async def test_an_instance_that_was_killed_keeps_nobody_out(eve: Guesser) -> None:
    """What it had claimed counts as wrong, but leaves one attempt."""
    for _ in range(3):
        await eve.let_in()
    assert await eve.waits() == 0
    await eve.later("6 minutes")
    assert await eve.wrong() == [Scope.PAIR]


async def test_a_lower_limit_keeps_nobody_out_for_good(store: Throttles, database: str) -> None:
    """It was set while more had been counted than it allows."""
    login, strict = "somebody", Keys.of(b"a secret of some length, for tests", Limits(1, 6, 5))
    relaxed = Guesser(store, database, login)
    for _ in range(2):
        await relaxed.wrong()
    keys = strict.of_target(Guess(login, None), HOME)
    claimed = await store.claim(keys, relaxed.place())
    assert not isinstance(claimed, Refused)
    assert await store.count(ORIGIN, claimed, relaxed.place()) == [Scope.PAIR]


async def test_an_operator_can_unlock(ada: Guesser) -> None:
    """All pairs of the account, and the account itself; it is in the audit, if it did anything."""
    for number in range(6):
        await ada.wrong(source(number))
    assert await ada.waits(source(7)) > 0
    by = Origin("unlocking", "auth-1", actor="olga")
    account = KEYS.account(ada.login)
    assert ada.user_id is not None
    assert await ada.store.unlock(by, ada.user_id, account)
    assert not await ada.store.unlock(by, ada.user_id, account)
    await ada.let_in(source(7))
    told = "select array_agg(event || ' by ' || actor) from audit_events where request_id = $1"
    assert await query(ada.url, told, "unlocking") == ["user_updated by olga"]


async def test_every_block_is_in_the_audit_once(ada: Guesser) -> None:
    """With what it was counted over, and for whom."""
    await query(ada.url, "delete from audit_events")
    for claimed in [await ada.let_in() for _ in range(3)]:
        await ada.store.count(ORIGIN, claimed, ada.place())
    deed = KEYS.of_target(Deed.REGISTER, HOME)
    for _ in range(5):
        await ada.store.claim(deed, ada.place())
        await ada.store.count(ORIGIN, deed, Place(None, b""))
    told = """
        select array_agg(event || ' ' || (detail ->> 'scope') || ' ' || (detail ->> 'seconds')
            || ' ' || host(ip) || ' ' || (user_id is not null) order by at)
        from audit_events"""
    assert await query(ada.url, told) == [
        "authn_login_lock pair 30 192.0.2.1 true",
        "excess_rate_limit_exceeded source 30 192.0.2.1 false",
    ]
