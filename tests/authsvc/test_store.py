"""What the store promises when something changes while a password is being hashed."""

from collections.abc import AsyncIterator

import pytest

from authsvc.database import Database
from authsvc.metrics import Metrics
from authsvc.settings import Profile
from authsvc.store import Account, Store
from authsvc.tokens import mint
from tests.authsvc.conftest import query

pytestmark = pytest.mark.live


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    """A store on the module's database."""
    opened = Database(database, "test", Metrics(Profile.LAB, 4))
    await opened.open()
    yield Store(opened, "auth-1")
    await opened.close()


async def found(store: Store, login: str) -> Account:
    """An account that must be there."""
    account = await store.account(login)
    assert account is not None
    return account


@pytest.mark.parametrize(
    ("login", "meanwhile"),
    [
        ("user0001", "update credentials set hash = 'new' where user_id = $1"),
        ("user0002", "update users set status = 'disabled' where id = $1"),
        ("user0003", "delete from users where id = $1"),
    ],
)
async def test_a_session_begins_only_for_the_account_that_was_checked(
    store: Store, database: str, login: str, meanwhile: str
) -> None:
    """A new password, a ban or a deletion during the hash wins; nothing is written."""
    account = await found(store, login)
    assert await store.begin_session(account, mint().digest, "before") is not None
    await query(database, meanwhile, account.user_id)
    assert await store.begin_session(account, mint().digest, "after") is None
    written = "select count(*) from audit_events where request_id = $1 and user_id = $2"
    assert await query(database, written, "before", account.user_id) == 1
    assert await query(database, written, "after", account.user_id) == 0


async def test_an_expired_session_has_no_owner(store: Store, database: str) -> None:
    """Nor can it be ended, since it has ended."""
    minted = mint()
    assert await store.begin_session(await found(store, "user0004"), minted.digest, "r") is not None
    assert await store.owner(minted.digest) is not None
    expire = "update sessions set expires_at = now() where access_hash = $1"
    await query(database, expire, minted.digest)
    assert await store.owner(minted.digest) is None
    assert not await store.end_session(minted.digest, "r")
