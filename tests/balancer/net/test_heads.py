"""Heads: what goes on, and what we say ourselves."""

import json

from balancer.net import heads


def test_an_own_answer_is_problem_json_with_a_true_length() -> None:
    """RFC 9457, and a client that reads Content-Length gets exactly the body."""
    answer = heads.own_answer(503, "nothing is ready", b"r1", close=True)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert json.loads(body) == {
        "status": 503,
        "title": "Service Unavailable",
        "detail": "nothing is ready",
    }
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 503 Service Unavailable",
        b"Content-Type: application/problem+json",
        b"Content-Length: %d" % len(body),
        b"X-Request-Id: r1",
        b"Retry-After: 1",
        b"Connection: close",
    ]


def test_a_status_without_a_name_still_has_a_line() -> None:
    """Endpoints may answer any code; the reason phrase may be empty (RFC 9112 section 4)."""
    assert heads.status_line(200) == b"HTTP/1.1 200 OK\r\n"
    assert heads.status_line(299) == b"HTTP/1.1 299 \r\n"


def test_connection_names_fields_in_any_case() -> None:
    """Comma-separated, with spaces and capitals as clients like them."""
    assert heads.nominated(b"Close, X-A ,TE") == {b"close", b"x-a", b"te"}


def test_a_field_is_taken_out_whole_and_in_any_case() -> None:
    """Lines come in fours: name, colon, value, line end."""
    lines = [b"X-A", b": ", b"1", b"\r\n", b"B", b": ", b"2", b"\r\n"]

    assert heads.without(lines, frozenset([b"x-a"])) == [b"B", b": ", b"2", b"\r\n"]
