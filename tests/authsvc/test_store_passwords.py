"""Passwords in the store: resets that an operator starts, better hashes of the same password."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest

from authsvc.hashing.passwords import SCHEME, StoredHash
from authsvc.metrics import Metrics
from authsvc.origin import Origin
from authsvc.settings import Profile
from authsvc.store.accounts import Account, Accounts
from authsvc.store.administration import Administration
from authsvc.store.database import Database
from authsvc.store.passwords import Passwords
from authsvc.store.sessions import Sessions
from tests.authsvc.conftest import query
from tests.authsvc.test_store import mint

pytestmark = pytest.mark.live
ORIGIN = Origin("a-request", "test", actor="an-operator")
NEW = StoredHash(SCHEME, "$2b$05$new", 5, 7)


@pytest.fixture
async def opened(database: str) -> AsyncIterator[Database]:
    """A pool of the test's own."""
    made = Database(database, "test", Metrics(Profile.LAB, 4))
    await made.open()
    yield made
    await made.close()


async def found(opened: Database, login: str) -> tuple[Account, StoredHash]:
    """An account that there is, and its hash."""
    account = await Accounts(opened).find(login)
    assert account is not None
    assert account.password is not None
    return account, account.password


async def newest_reset(database: str, user_id: UUID) -> UUID:
    """The id of the account's last reset."""
    last = "select id from password_resets where user_id = $1 order by created_at desc limit 1"
    reset_id = await query(database, last, user_id)
    assert isinstance(reset_id, UUID)
    return reset_id


async def test_an_operators_reset_ends_sessions_and_is_sent(
    opened: Database, database: str
) -> None:
    """The old password stays, and opens nothing until the owner has set another."""
    passwords, sessions = Passwords(opened), Sessions(opened)
    account, _ = await found(opened, "user0001")
    session_id, access = mint()
    assert await sessions.begin(ORIGIN, account, session_id, access) is not None
    assert await Administration(opened).start_reset(ORIGIN, account.user_id) is not None
    assert await sessions.owner(access) is None
    assert (await found(opened, "user0001"))[0].must_change
    assert await sessions.begin(ORIGIN, account, *mint()) is None
    reset_id = await newest_reset(database, account.user_id)
    assert await passwords.finish_reset(ORIGIN, reset_id, NEW) is not None
    assert (await found(opened, "user0001"))[0].must_change is False
    who = "select actor from audit_events where user_id = $1 and event = 'password_reset_requested'"
    assert await query(database, who, account.user_id) == "an-operator"


async def test_an_account_without_a_password_gets_its_first_by_a_reset(
    opened: Database, database: str
) -> None:
    """As one that an operator made has none."""
    passwords, account = Passwords(opened), (await found(opened, "user0002"))[0]
    await query(database, "delete from credentials where user_id = $1", account.user_id)
    empty = await Accounts(opened).find("user0002")
    assert empty == replace(account, password=None, changed_at=None)
    assert await Administration(opened).start_reset(ORIGIN, account.user_id) is not None
    reset_id = await newest_reset(database, account.user_id)
    assert await passwords.finish_reset(ORIGIN, reset_id, NEW) is not None
    assert (await found(opened, "user0002"))[1] == NEW


async def test_no_reset_is_forced_on_who_cannot_log_in(opened: Database, database: str) -> None:
    """A disabled account first has to be enabled."""
    account, _ = await found(opened, "user0003")
    disable = "update users set status = 'disabled' where id = $1"
    await query(database, disable, account.user_id)
    assert await Administration(opened).start_reset(ORIGIN, account.user_id) is None


async def test_a_renewed_hash_is_no_new_password(opened: Database) -> None:
    """A login that was checked against the old hash still gets its session."""
    account, old = await found(opened, "user0004")
    assert await Passwords(opened).renew(account, old, NEW)
    assert (await found(opened, "user0004"))[1] == NEW
    assert await Sessions(opened).begin(ORIGIN, account, *mint()) is not None


async def test_a_hash_that_was_replaced_meanwhile_is_not_renewed(opened: Database) -> None:
    """Else the password of before would come back."""
    account, old = await found(opened, "user0005")
    assert not await Passwords(opened).renew(account, replace(old, hash="another"), NEW)
    assert (await found(opened, "user0005"))[1] == old
