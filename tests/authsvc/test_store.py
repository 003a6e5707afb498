"""What the stores promise when something changes while a password is being hashed."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from authsvc.metrics import Metrics
from authsvc.origin import Origin
from authsvc.settings import Profile
from authsvc.store.accounts import Account, Accounts
from authsvc.store.database import Database
from authsvc.store.sessions import Sessions
from authsvc.tokens import Claim, Tokens
from tests.authsvc.conftest import query

pytestmark = pytest.mark.live
BEFORE, AFTER = Origin("before", "auth-1"), Origin("after", "auth-1")


@pytest.fixture
async def opened(database: str) -> AsyncIterator[Database]:
    """The module's database."""
    pool = Database(database, "test", Metrics(Profile.LAB, 4))
    await pool.open()
    yield pool
    await pool.close()


def mint() -> tuple[UUID, bytes]:
    """A new session's id and what is kept of its access token."""
    claim = Claim(uuid4(), 0)
    return claim.session_id, Tokens(b"").pair(claim).access_hash


async def found(opened: Database, login: str) -> Account:
    """An account that must be there."""
    account = await Accounts(opened).find(login)
    assert account is not None
    return account


@pytest.mark.parametrize(
    ("login", "meanwhile"),
    [
        ("user0001", "update credentials set changed_at = now() where user_id = $1"),
        ("user0002", "update users set status = 'disabled' where id = $1"),
        ("user0003", "delete from users where id = $1"),
    ],
)
async def test_a_session_begins_only_for_the_account_that_was_checked(
    opened: Database, database: str, login: str, meanwhile: str
) -> None:
    """A new password, a ban or a deletion during the hash wins; nothing is written."""
    sessions, account = Sessions(opened), await found(opened, login)
    assert await sessions.begin(BEFORE, account, *mint()) is not None
    await query(database, meanwhile, account.user_id)
    assert await sessions.begin(AFTER, account, *mint()) is None
    written = "select count(*) from audit_events where request_id = $1 and user_id = $2"
    assert await query(database, written, "before", account.user_id) == 1
    assert await query(database, written, "after", account.user_id) == 0


async def test_an_expired_session_has_no_owner(opened: Database, database: str) -> None:
    """Nor can it be ended, since it has ended."""
    sessions, (session_id, access_hash) = Sessions(opened), mint()
    account = await found(opened, "user0004")
    assert await sessions.begin(BEFORE, account, session_id, access_hash) is not None
    assert await sessions.owner(access_hash) is not None
    expire = "update sessions set expires_at = now() where access_hash = $1"
    await query(database, expire, access_hash)
    assert await sessions.owner(access_hash) is None
    assert not await sessions.end(AFTER, access_hash)
