"""Lost, twice, executed but failed: from the client's records and the instances' journals."""

from hypothesis import given
from hypothesis import strategies as st

from bench.faults.counting import Asked, count, judge, percentile, read_journal
from tests.bench.faults.records import asked, executed


def test_a_request_without_a_valid_answer_is_lost() -> None:
    """An error from the proxy is a loss like a cut connection, and each way of losing is told."""
    requests = [
        asked("a", "GET", "http_502"),
        asked("b", "GET"),
        asked("c", "POST", "cut"),
        asked("d", "POST", "http_502"),
    ]

    found = count(requests, [executed("b", "GET")])

    assert (found.sent, found.get_lost, found.post_lost) == (4, 1, 2)
    assert found.how_lost == {"http_502": 2, "cut": 1}


def test_a_post_executed_at_two_instances_counts_as_twice() -> None:
    """Even if the client has one good answer, and only once however often it was executed."""
    found = count(
        [asked("a"), asked("b")],
        [executed("a"), executed("a", instance="auth-2"), executed("a"), executed("b")],
    )

    assert found.post_twice == 1
    assert found.get_twice == 0
    assert found.post_lost == 0


def test_a_get_executed_twice_is_no_post_executed_twice() -> None:
    """GET may be tried again (RFC 9110 section 9.2.2); it is counted apart."""
    found = count([asked("a", "GET")], [executed("a", "GET"), executed("a", "GET", "auth-2")])

    assert (found.get_twice, found.post_twice) == (1, 0)


def test_a_death_in_the_middle_still_counts_as_an_execution() -> None:
    """The instance had begun, then died; a second attempt elsewhere makes it twice."""
    found = count([asked("a")], [executed("a", finished=False), executed("a", instance="auth-2")])

    assert found.post_twice == 1
    assert found.post_in_flight == 1


def test_in_flight_there_are_posts_that_an_instance_died_at() -> None:
    """They are what no proxy can save: neither answered nor safe to send again."""
    found = count(
        [asked("a", outcome="http_502"), asked("b", "GET", "http_502"), asked("c")],
        [executed("a", finished=False), executed("b", "GET", finished=False), executed("c")],
    )

    assert found.post_in_flight == 1
    assert found.executed_but_failed == 0


def test_a_post_lost_without_a_kill_while_it_was_under_way_is_lost_needlessly() -> None:
    """It cannot have been in flight there: the proxy sent it to an instance known to be dead."""
    requests = [asked("a", ms=100, outcome="http_502"), asked("b", "GET", "http_502", ms=100)]

    during = count(requests, [], kills=[10.05])
    just_before = count(requests, [], kills=[9.98])
    long_before = count(requests, [], kills=[9.0])
    after = count(requests, [], kills=[10.2])

    assert during.post_lost_needlessly == just_before.post_lost_needlessly == 0
    assert long_before.post_lost_needlessly == after.post_lost_needlessly == 1
    assert count(requests, []).post_lost_needlessly == 0, "where nothing is killed, it says nothing"


def test_executed_but_answered_as_failed() -> None:
    """The work was done to its end, and the client was told otherwise."""
    found = count([asked("a", outcome="http_504"), asked("b", "GET", "timeout")], [executed("a")])

    assert found.executed_but_failed == 1


def test_what_does_not_add_up_is_told() -> None:
    """An answer that no instance gave, or an execution that nobody asked for: a broken bench."""
    found = count([asked("a")], [executed("stranger")])

    assert found.unexplained == 2


def test_latency_counts_from_when_a_request_was_due() -> None:
    """Lost requests count too: their users waited as well. The client's own delay is told apart."""
    found = count(
        [asked(str(n), outcome="http_502", ms=n) for n in range(1, 101)],
        [],
    )

    assert (found.p50_ms, found.p99_ms, found.max_ms) == (50.0, 99.0, 100.0)
    assert found.client_lag_p99_ms == 1.0


def test_a_request_never_sent_has_no_lag() -> None:
    """Where there was no connection, the wait was the proxy's, not the client's."""
    found = count([Asked("a", "GET", 10.0, 0.0, 11.0, "connect_failed")], [])

    assert found.client_lag_p99_ms == 0.0
    assert found.max_ms == 1000.0


def test_nothing_asked_is_a_tally_of_zeros() -> None:
    """No division by the number of requests."""
    found = count([], [])

    assert (found.sent, found.p99_ms, found.max_ms) == (0, 0.0, 0.0)


def test_a_journal_tells_begun_from_finished() -> None:
    """What was begun and not ended was in flight when the instance died, in any of its lives."""
    lines = ["begin a POST", "begin b GET", "end a", "begin c POST", "end c"]

    found = read_journal("auth-2", lines)

    assert found == [
        executed("a", "POST", "auth-2"),
        executed("b", "GET", "auth-2", finished=False),
        executed("c", "POST", "auth-2"),
    ]


def test_an_id_executed_twice_at_one_instance_stays_two_executions() -> None:
    """Begun twice, ended once: one of them was cut off by the death of the instance."""
    found = read_journal("auth-1", ["begin a POST", "begin a POST", "end a"])

    assert sorted(one.finished for one in found) == [False, True]


def test_a_journal_cut_short_by_death_is_read_as_far_as_it_goes() -> None:
    """The last line may be half a line."""
    assert read_journal("auth-1", ["begin a POST", "begin"]) == [executed("a", finished=False)]


def test_an_answer_must_carry_the_id_it_was_asked_with() -> None:
    """Else somebody has been given another's answer."""
    assert judge(200, b"s1-7", "s1-7") == "ok"
    assert judge(200, b"s1-8", "s1-7") == "crossed"
    assert judge(503, b"s1-7", "s1-7") == "http_503"


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1.0))
def test_a_percentile_is_one_of_the_values_and_covers_its_share(
    values: list[float], share: float
) -> None:
    """Nearest rank: nothing is interpolated."""
    found = percentile(values, share)

    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["GET", "POST"]),
            st.sampled_from(["ok", "cut", "http_502"]),
            st.integers(0, 3),
        )
    )
)
def test_every_request_is_counted_once(fates: list[tuple[str, str, int]]) -> None:
    """Lost by method adds up to lost by reason, whatever happened."""
    requests = [
        asked(str(n), "GET" if method == "GET" else "POST", outcome)
        for n, (method, outcome, _) in enumerate(fates)
    ]
    work = [
        executed(one.id, one.method)
        for one, (_, _, times) in zip(requests, fates, strict=True)
        for _ in range(times)
    ]

    found = count(requests, work)

    assert found.sent == len(fates)
    assert found.get_lost + found.post_lost == sum(found.how_lost.values())
    assert found.post_twice + found.get_twice == sum(times > 1 for _, _, times in fates)
