"""More logins than hashes: what is shed, what is dropped, what is done for nobody."""

import asyncio
import json
import math
import statistics
import time

import pytest

from tests.authsvc.conftest import PASSWORD, Running, Start, query, until

pytestmark = [pytest.mark.live, pytest.mark.measures]


async def leave_early(auth: Running, login: str) -> None:
    """Send a login, wait until it is queued, and go."""
    submitted = auth.metric("auth_attempts_submitted_total", flow="login")
    waiting = auth.metric("auth_hash_queue_depth")
    going = asyncio.create_task(auth.login(login))
    await auth.counted("auth_attempts_submitted_total", submitted + 1, flow="login")
    await auth.counted("auth_hash_queue_depth", waiting + 1)
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going


async def test_a_full_queue_sheds_with_an_honest_retry_after(start: Start, database: str) -> None:
    """One is hashed, two wait, and the rest come back when those are done."""
    auth = await start(database, hash_seconds=0.6, hash_queue=2, deadline=5.0)
    answers = await asyncio.gather(*(auth.login(f"user{n:04d}") for n in range(1, 7)))
    shed = [answer for answer in answers if answer.status == 503]
    assert [answer.status for answer in answers if answer not in shed] == [201] * 3
    assert {answer.json["code"] for answer in shed} == {"overloaded"}
    assert {answer.headers["Retry-After"] for answer in shed} == {"2"}  # 2 × 0.6 s, rounded up
    assert auth.metric("auth_hash_rejected_total", reason="queue_full") == 3
    assert auth.metric("auth_attempts_total", flow="login", outcome="shed") == 3


async def test_a_login_that_cannot_be_in_time_is_not_hashed(start: Start, database: str) -> None:
    """With 1 s of patience and 0.4 s a hash, the third would end at 1.2 s."""
    auth = await start(database, hash_seconds=0.4, hash_queue=9, deadline=1.0)
    answers = await asyncio.gather(*(auth.login(f"user{n:04d}") for n in range(1, 4)))
    assert sorted(answer.status for answer in answers) == [201, 201, 503]
    assert auth.metric("auth_hash_rejected_total", reason="deadline") == 1
    assert auth.metric("auth_attempts_total", flow="login", outcome="expired") == 1


async def test_a_client_that_left_costs_no_hash(start: Start, database: str) -> None:
    """Its place goes to the next, and it leaves no session."""
    auth = await start(database, hash_seconds=0.5, hash_queue=9)
    sessions = await query(database, "select count(*) from sessions")
    first = asyncio.create_task(auth.login("user0001"))
    await auth.counted("auth_hash_in_progress", 1)
    await leave_early(auth, "user0002")
    assert (await auth.login("user0003")).status == 201
    assert (await first).status == 201
    assert auth.metric("auth_hash_seconds_count", op="verify", cost="4") == 2
    assert auth.metric("auth_hash_rejected_total", reason="client_gone") == 1
    assert auth.metric("auth_attempts_total", flow="login", outcome="expired") == 1
    assert await query(database, "select count(*) from sessions") == sessions + 2


async def test_abandoned_work_is_finished_if_so_asked(start: Start, database: str) -> None:
    """The service of the outage: hashed for nobody, and counted and kept as a success."""
    login = "user0020"  # nobody else's in this module
    auth = await start(database, hash_seconds=0.3, hash_queue=math.inf, abandoned="finish")
    sessions = await query(database, "select count(*) from sessions")
    first = asyncio.create_task(auth.login("user0001"))
    await auth.counted("auth_hash_in_progress", 1)
    await leave_early(auth, login)
    assert (await first).status == 201
    await auth.counted("auth_attempts_total", 2, flow="login", outcome="success")
    assert await query(database, "select count(*) from sessions") == sessions + 2
    events = "select count(*) from audit_events a join users u on u.id = a.user_id "
    done = "where u.login = $1 and a.event = 'authn_login_success'"
    assert await query(database, events + done, login) == 1
    assert auth.metric("auth_hash_queue_limit") == math.inf


async def test_emulated_capacity_comes_out_to_the_percent(start: Start, database: str) -> None:
    """21 logins at once end 0.1 s apart, though the loop is kept busy meanwhile.

    The line through the ends is judged, since a client may read any one of them late; without the
    first ones, which wait for what the others do in the database before they are hashed.
    """
    auth = await start(database, hash_queue=math.inf, deadline=30.0)
    ends: list[float] = []

    async def timed(number: int) -> None:
        assert (await auth.login(f"user{number:04d}")).status == 201
        ends.append(time.monotonic())

    async def disturb() -> None:
        while len(ends) < 20:
            await asyncio.sleep(0.043)  # out of step with the holds
            time.sleep(0.03)  # noqa: ASYNC251 - the noise that the rate must not feel

    await asyncio.gather(disturb(), *(timed(number) for number in range(1, 22)))
    apart = statistics.linear_regression(range(16), ends[5:]).slope
    assert 1 / apart == pytest.approx(10.0, rel=0.02)


async def test_health_is_answered_while_every_slot_is_held(start: Start, database: str) -> None:
    """The loop never waits for a hash, and a full queue is not unready."""
    auth = await start(database, bcrypt_cost=13, hash_seconds=0.0, hash_queue=2, deadline=9.0)
    logins = [asyncio.create_task(auth.login(f"nobody{n}")) for n in range(3)]
    await auth.counted("auth_hash_queue_depth", 2)
    assert (await auth.ask("GET", "/readyz")).status == 200
    assert auth.metric("auth_hash_queue_depth") == 2, "the first hash ended before the answer"
    await asyncio.gather(*logins)


async def test_a_queue_that_outlives_its_clients_is_left_at_once(
    start: Start, database: str
) -> None:
    """Stopping takes no longer than the clients that still wait, whatever the backlog."""
    auth = await start(
        database, hash_seconds=2.0, deadline=9.0, hash_queue=math.inf, abandoned="finish"
    )
    first = asyncio.create_task(auth.login("user0001"))
    await auth.counted("auth_hash_in_progress", 1)
    for number in range(2, 12):
        await leave_early(auth, f"user{number:04d}")
    service = auth.instance.addresses[0]
    began = time.monotonic()
    await auth.instance.stop()
    assert time.monotonic() - began < 10.0  # half of the backlog
    assert (await first).status == 201
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*service)


async def test_a_client_that_obeys_retry_after_gets_in(start: Start, database: str) -> None:
    """The wait that it was told is the wait that it takes."""
    auth = await start(database, hash_seconds=0.4, hash_queue=1, deadline=5.0)
    async with auth.logins(2):
        await auth.counted("auth_hash_queue_depth", 1)
        shed = await auth.login("user0003")
        assert (shed.status, shed.headers["Retry-After"]) == (503, "1")
        told = time.monotonic() + float(shed.headers["Retry-After"])
        await until(lambda: time.monotonic() >= told)
        assert (await auth.login("user0003")).status == 201


def as_http(login: str) -> bytes:
    """A login as bytes, on a connection that is kept."""
    body = json.dumps({"login": login, "password": PASSWORD}).encode()
    head = f"POST /v1/sessions HTTP/1.1\r\nHost: auth\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Content-Type: application/json\r\n\r\n" + body


async def status(reader: asyncio.StreamReader) -> int:
    """Of the next answer, which is read to its end."""
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode().lower()
    await reader.readexactly(int(head.partition("content-length: ")[2].split()[0]))
    return int(head.split()[1])


async def test_deadline_and_leaving_count_by_request_on_a_kept_connection(
    start: Start, database: str
) -> None:
    """A connection older than the deadline logs in; leaving in its second login costs no hash."""
    auth = await start(database, hash_seconds=0.5, hash_queue=9, deadline=1.0)
    service, _ = auth.instance.addresses
    reader, writer = await asyncio.open_connection(*service)
    opened = time.monotonic()
    writer.write(as_http("user0001"))
    assert await status(reader) == 201
    await until(lambda: time.monotonic() > opened + auth.instance.settings.deadline)
    writer.write(as_http("user0002"))
    assert await status(reader) == 201
    busy = asyncio.create_task(auth.login("user0003"))
    await auth.counted("auth_hash_in_progress", 1)
    writer.write(as_http("user0004"))
    await auth.counted("auth_hash_queue_depth", 1)
    writer.close()
    assert (await busy).status == 201
    await auth.counted("auth_hash_rejected_total", 1, reason="client_gone")
    assert auth.metric("auth_hash_seconds_count", op="verify", cost="4") == 3
