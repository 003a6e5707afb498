"""Retries: only where an attempt cannot have done anything, or may be done twice."""

import pytest

from tests.balancer.net.fakes import Wire

TWO = """\
listen: 127.0.0.1:8080
routes: [{pool: auth}]
pools:
  - name: auth
    endpoints:
      - {name: auth-1, address: "127.0.0.1:9001"}
      - {name: auth-2, address: "127.0.0.1:9002"}
    retry: {attempts: 2}
"""
GET = b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\nContent-Length: 2\r\n\r\n{}"
EMPTY_POST = b"POST / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\nContent-Length: 0\r\n\r\n"
PUT = POST.replace(b"POST", b"PUT")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
OURS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-Id: r1\r\n\r\nhi"


@pytest.fixture
async def two() -> Wire:
    """A proxy before two endpoints that may try twice; auth-1 is always asked first."""
    return Wire(TWO)


@pytest.mark.parametrize("request_", [GET, POST, PUT], ids=["GET", "POST", "PUT"])
async def test_a_refused_connection_is_tried_elsewhere_whatever_the_method(
    two: Wire, request_: bytes
) -> None:
    """Nobody can have seen the request; its body, held back until now, goes with it."""
    two.loop.refuses = {9001}
    client, to_client = two.client()

    client.data_received(request_)
    await two.settle()
    endpoint, to_endpoint = two.endpoint
    endpoint.data_received(OK)

    assert two.loop.opened[-1][2] == "127.0.0.1:9002"
    assert to_endpoint.take().count(b"\r\n\r\n{}") == (request_ is not GET)
    assert to_client.take() == OURS
    assert two.load.retried["connect_failed"] == 1
    assert [one.load.in_flight for _, one in two.proxy.table.endpoints()] == [0, 0]


async def test_a_body_that_comes_after_the_retry_goes_to_the_second_endpoint(two: Wire) -> None:
    """Whole, and once."""
    two.loop.refuses = {9001}
    client, _ = two.client()

    client.data_received(POST[:-1])
    await two.settle()
    client.data_received(POST[-1:])
    await two.settle()

    assert two.endpoint[1].take().endswith(b"\r\n\r\n{}")


async def test_a_get_whose_endpoint_hangs_up_is_tried_elsewhere(two: Wire) -> None:
    """The commonest case: a warm connection that the endpoint closes as we send."""
    _, to_client = await two.asks(GET)

    two.endpoint[0].connection_lost(None)
    await two.settle()
    two.endpoint[0].data_received(OK)

    assert to_client.take() == OURS
    assert two.load.retried["bad_response"] == 1


@pytest.mark.parametrize("request_", [POST, EMPTY_POST, PUT], ids=["POST", "empty POST", "PUT"])
async def test_what_reached_an_instance_and_may_not_be_repeated_is_502(
    two: Wire, request_: bytes
) -> None:
    """A login is never done twice; a body that was sent is not kept for a second time."""
    _, to_client = await two.asks(request_)

    two.endpoint[0].connection_lost(None)
    await two.settle()

    assert to_client.take().startswith(b"HTTP/1.1 502 ")
    assert len(two.loop.opened) == 1


async def test_a_get_that_is_not_answered_in_time_is_tried_elsewhere(two: Wire) -> None:
    """With a whole new deadline there; the connection to the silent one is closed."""
    timeouts = two.proxy.table.config.timeouts
    _, to_client = await two.asks(GET)
    silent = two.endpoint[1]

    two.loop.clock += timeouts.answer + 0.1
    two.sweep()
    await two.settle()
    two.loop.clock += timeouts.answer - 0.1
    two.sweep()
    two.endpoint[0].data_received(OK)

    assert silent.ended == "aborted"
    assert to_client.take() == OURS
    assert two.load.retried["timeout"] == 1


async def test_after_so_many_attempts_it_is_over(two: Wire) -> None:
    """Two in all: the client learns of the second failure."""
    two.loop.refuses = {9001, 9002}
    client, to_client = two.client()

    client.data_received(GET)
    await two.settle()

    assert to_client.take().startswith(b"HTTP/1.1 502 ")
    assert not two.proxy.exchanges


async def test_an_answer_that_has_begun_is_not_begun_again(two: Wire) -> None:
    """The client has half of it: it is cut off, not sent another."""
    _, to_client = await two.asks(GET)

    two.endpoint[0].data_received(OK[:-1])
    two.endpoint[0].connection_lost(None)
    await two.settle()

    assert to_client.ended == "aborted"
    assert len(two.loop.opened) == 1


async def test_an_exhausted_budget_ends_retries(two: Wire) -> None:
    """A pool that fails altogether is not hit twice by everybody."""
    two.loop.refuses = {9001}
    pool = two.proxy.table.pools["auth"]
    while pool.may_retry():
        pass
    client, to_client = two.client()

    client.data_received(GET)
    await two.settle()

    assert to_client.take().startswith(b"HTTP/1.1 502 ")
    assert pool.retries is not None
    assert pool.retries.refused > 0


async def test_a_client_that_leaves_during_the_second_attempt_leaves_nothing(two: Wire) -> None:
    """Both leases are returned."""
    two.loop.refuses = {9001}
    client, _ = await two.asks(GET)

    client.connection_lost(None)

    assert [one.load.in_flight for _, one in two.proxy.table.endpoints()] == [0, 0]
    assert not two.proxy.exchanges
